// CONFIG: settings in Redis's words where it has them, from the one table of settings.
import { DistCacheError, messageOf } from "../base/errors.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { parseSetting } from "../config/load.ts";
import { type Config, configName, type SettingKey, settingKeys, settingOf } from "../config/schema.ts";
import type { CommandRow } from "./command-row.ts";
import { findCommand } from "./command-table.ts";
import { matchesGlob } from "./glob.ts";
import type { CommandRegistry } from "./registry.ts";
import { helpReply, syntaxError } from "./replies.ts";
import { error, map, ok, type Reply } from "./reply.ts";

/** A name that Redis has and clients ask for, but that is no setting of its own here: read only. */
export interface DerivedSetting {
  name: string;
  read(config: Readonly<Config>): string;
}

export interface ConfigCommandParts {
  config: LiveConfig;
  derived: readonly DerivedSetting[];
  /** What CONFIG RESETSTAT calls. */
  resetStatistics(): void;
}

export function registerConfigCommand(registry: CommandRegistry, parts: ConfigCommandParts): void {
  registry.add("CONFIG|GET", (_context, args) => get(parts, args));
  registry.add("CONFIG|SET", (_context, args) => change(parts.config, args));
  registry.add("CONFIG|RESETSTAT", () => {
    parts.resetStatistics();
    return ok;
  });
  registry.add("CONFIG|HELP", () => helpReply(findCommand("config") as CommandRow));
}

/** Names that match a pattern; one that is no pattern is answered as it was spelled. */
function get({ config, derived }: ConfigCommandParts, patterns: readonly Buffer[]): Reply {
  const readers = new Map<string, () => string>(settingKeys.map((key) => [configName(key), () => config.print(key)]));
  for (const { name, read } of derived) readers.set(name, () => read(config.values));
  const found = new Map<string, string>();
  for (const pattern of patterns.map((argument) => argument.toString("latin1"))) {
    const exact = readers.get(pattern.toLowerCase());
    if (exact !== undefined) {
      found.set(pattern, exact());
      continue;
    }
    for (const [name, read] of readers) if (matchesGlob(pattern.toLowerCase(), name)) found.set(name, read());
  }
  return map([...found]);
}

const failed = (name: string, why: string): Reply =>
  error(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);

function change(config: LiveConfig, args: readonly Buffer[]): Reply {
  if (args.length % 2 !== 0) return syntaxError;
  const changes: Partial<Record<SettingKey, unknown>> = {};
  const names: string[] = [];
  for (let at = 0; at < args.length; at += 2) {
    const name = String(args[at]);
    const problem = collect(changes, name, String(args[at + 1]));
    if (problem !== undefined) return problem;
    names.push(name);
  }
  try {
    config.change(changes as Partial<Config>);
    return ok;
  } catch (cause) {
    return failed(names[0] ?? "", messageOf(cause));
  }
}

/** Adds one setting to the changes; answers the error reply when it may not be. */
function collect(changes: Partial<Record<SettingKey, unknown>>, name: string, text: string): Reply | undefined {
  const key = settingKeys.find((candidate) => configName(candidate) === name.toLowerCase());
  if (key === undefined) return error(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
  const row = settingOf(key);
  if (row.isMutable !== true) return failed(name, "can't set immutable config");
  if (key in changes) return failed(name, "duplicate parameter");
  try {
    changes[key] = parseSetting(row, name, text);
    return undefined;
  } catch (cause) {
    if (cause instanceof DistCacheError) return failed(name, row.complaint);
    throw cause;
  }
}
