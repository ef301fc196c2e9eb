// HELLO, AUTH and RESET: what decides how a connection goes on. Replies are those of Redis 7.
import type { CommandContext, CommandRegistry } from "../commands/registry.ts";
import { optionOf, parseInteger, syntaxError } from "../commands/replies.ts";
import { type ErrorReply, error, isError, map, ok, type Protocol, type Reply, simple } from "../commands/reply.ts";
import type { Authentication } from "./authentication.ts";
import type { Connections } from "./connections.ts";

/** The version of Redis whose replies this server gives; clients decide by it what they may use. */
export const redisVersion = "7.0.15";

export const wrongPassword = error("WRONGPASS invalid username-password pair or user is disabled.");
const notAuthenticated = error(
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
);
export const badName = error("ERR Client names cannot contain spaces, newlines or special characters.");

export interface AccessParts {
  authentication: Authentication;
  connections: Connections;
}

export function registerHelloCommands(registry: CommandRegistry, parts: AccessParts): void {
  registry.add("HELLO", (context, args) => hello(parts, context, args));
  registry.add("AUTH", (context, args) => authenticate(parts.authentication, context, args));
  registry.add("RESET", (context) => reset(parts, context));
}

/** Names are shown in lists that are split at spaces and lines. */
export const isPlainWord = (text: string): boolean => /^[!-~]*$/.test(text);

interface HelloOptions {
  user?: string;
  password?: Buffer;
  name?: string;
}

function hello(parts: AccessParts, context: CommandContext, args: readonly Buffer[]): Reply {
  const [versionArgument, ...rest] = args;
  let protocol: Protocol = context.protocol;
  if (versionArgument !== undefined) {
    const version = parseInteger(versionArgument);
    if (version === undefined) return error("ERR Protocol version is not an integer or out of range");
    if (version !== 2 && version !== 3) return error("NOPROTO unsupported protocol version");
    protocol = version;
  }
  const options = readHelloOptions(rest);
  if (isError(options)) return options;
  const { user, password, name } = options;
  if (user !== undefined && password !== undefined) {
    if (!parts.authentication.accepts(user, password)) return wrongPassword;
    context.changes.isAuthenticated = true;
  } else if (!context.isAuthenticated) {
    return notAuthenticated;
  }
  const connection = parts.connections.get(context.connection);
  if (connection !== undefined) {
    connection.protocol = protocol;
    if (name !== undefined) connection.name = name;
  }
  context.changes.protocol = protocol;
  return greeting(context.connection, protocol);
}

function readHelloOptions(args: readonly Buffer[]): HelloOptions | ErrorReply {
  const options: HelloOptions = {};
  for (let at = 0; at < args.length; ) {
    const [word, first, second] = args.slice(at, at + 3);
    const option = optionOf(word);
    if (option === "AUTH" && first !== undefined && second !== undefined) {
      options.user = first.toString();
      options.password = second;
      at += 3;
    } else if (option === "SETNAME" && first !== undefined) {
      options.name = first.toString("latin1");
      if (!isPlainWord(options.name)) return badName;
      at += 2;
    } else {
      return error(`ERR Syntax error in HELLO option '${String(word)}'`);
    }
  }
  return options;
}

function greeting(id: number, protocol: Protocol): Reply {
  return map([
    ["server", "redis"],
    ["version", redisVersion],
    ["proto", protocol],
    ["id", id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ]);
}

function authenticate(authentication: Authentication, context: CommandContext, args: readonly Buffer[]): Reply {
  if (args.length > 2) return syntaxError;
  const [user, password] = args.length === 1 ? ["default", args[0]] : [String(args[0]), args[1]];
  if (args.length === 1 && !authentication.requiresPassword) {
    return error(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  if (password === undefined || !authentication.accepts(user, password)) return wrongPassword;
  context.changes.isAuthenticated = true;
  return ok;
}

function reset({ authentication, connections }: AccessParts, context: CommandContext): Reply {
  connections.reset(context.connection);
  Object.assign(context.changes, {
    resets: true,
    protocol: 2,
    database: 0,
    isAuthenticated: !authentication.requiresPassword,
    touchesRecency: true,
    isNoEvict: false,
    isMonitor: false,
    replyMode: "on",
  });
  return simple("RESET");
}
