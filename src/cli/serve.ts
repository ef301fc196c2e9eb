// `distcache serve`: a node as a process of its own. Settings come from flags and environment; signals and SHUTDOWN end it.
import { constants } from "node:os";
import { type Command, Option } from "commander";
import { errorCodeOf, messageOf } from "../base/errors.ts";
import { type OpenLog, openLog } from "../base/logger.ts";
import { version } from "../base/version.ts";
import { loadConfig } from "../config/load.ts";
import { type SettingKey, settingKeys, settingOf } from "../config/schema.ts";
import type { Setting } from "../config/setting.ts";
import { type Node, nodeFrom } from "../node.ts";

type Flags = Partial<Record<SettingKey, string>>;

/** Exit codes: what was asked for is wrong, and everything else. */
const exitCode = { usage: 2, failure: 1 } as const;

export function registerServe(program: Command): void {
  const serve = program.command("serve").description("start a node").allowExcessArguments(false);
  for (const key of settingKeys) serve.addOption(optionOf(key));
  serve.action(async (flags: Flags) => {
    process.exitCode = await runNode(flags);
  });
}

/** A flag that stands for a setting; the option's attribute is the setting's key. */
function optionOf(key: SettingKey): Option {
  const row = settingOf(key);
  const option = new Option(`--${row.flag} <value>`, describeSetting(row));
  option.attributeName = () => key;
  return option;
}

function describeSetting(row: Setting<unknown>): string {
  const shownDefault = row.defaultText ?? (row.print(row.default) || "none");
  return `${row.meaning} (${row.name}; allowed: ${row.allowed}; default: ${shownDefault})`;
}

async function runNode(flags: Flags): Promise<number> {
  const sources = { flags, environment: process.env };
  let log: OpenLog | undefined;
  let isStopping = () => false;
  try {
    const { logLevel, logFormat, nodeId } = loadConfig(sources);
    log = openLog({ level: logLevel, format: logFormat, nodeId });
    const node = nodeFrom(sources, log.logger);
    isStopping = stopOnSignals(node, log);
    await node.start();
    log.logger.info(greeting(node));
    await node.stopped;
    log.logger.info("stopped");
    return 0;
  } catch (error) {
    // A signal while it starts is no failure: the start was given up because somebody asked for it.
    if (errorCodeOf(error) === "CLOSED" && isStopping()) return 0;
    console.error(`distcache: ${messageOf(error)}`);
    return errorCodeOf(error) === "INVALID_CONFIG" ? exitCode.usage : exitCode.failure;
  } finally {
    await log?.close();
  }
}

/** One line that says where the node is and how to try it. */
function greeting(node: Node): string {
  const { host, port, unixSocket } = node.addresses;
  const places = [port === undefined ? [] : [`${bracketed(host)}:${port}`], unixSocket ?? []].flat(2);
  const how = port === undefined ? `-s ${unixSocket}` : `${isAnyOrLoopback(host) ? "" : `-h ${host} `}-p ${port}`;
  return `DistCache ${version} is ready on ${places.join(" and ")}. Try it: redis-cli ${how} SET mykey "Hello World"`;
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);
const isAnyOrLoopback = (host: string): boolean => ["127.0.0.1", "0.0.0.0", "::", "localhost"].includes(host);

/** The first signal stops the node in order, a second one ends the process at once. Answers whether one came. */
function stopOnSignals(node: Node, log: OpenLog): () => boolean {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(128 + constants.signals[signal]);
    isStopping = true;
    log.logger.info(`${signal}: stopping`);
    node.stop().catch((error: unknown) => log.logger.error(`stopping failed: ${messageOf(error)}`));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return () => isStopping;
}
