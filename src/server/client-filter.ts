// Which connections CLIENT KILL and CLIENT LIST mean: options to a test, in the words of Redis 7.
import { optionOf, parseInteger, syntaxError } from "../commands/replies.ts";
import { type ErrorReply, error } from "../commands/reply.ts";
import type { Connection } from "./connections.ts";

export type Test = (connection: Connection) => boolean;

export interface KillFilter {
  accepts: Test;
  skipsMe: boolean;
}

/** Types there are in Redis; every connection here is a normal one. */
const clientTypes: Readonly<Record<string, Test>> = {
  normal: () => true,
  master: () => false,
  slave: () => false,
  replica: () => false,
  pubsub: () => false,
};

export function typeFilter(type: Buffer): Test | ErrorReply {
  const name = type.toString("latin1");
  return clientTypes[name.toLowerCase()] ?? error(`ERR Unknown client type '${name}'`);
}

/** The options of CLIENT KILL in its newer form: pairs of a filter and its value. */
export function killFilter(args: readonly Buffer[]): KillFilter | ErrorReply {
  const tests: Test[] = [];
  let skipsMe = true;
  for (let at = 0; at < args.length; at += 2) {
    const value = args[at + 1];
    if (value === undefined) return syntaxError;
    const option = optionOf(args[at]);
    if (option === "SKIPME") {
      const word = optionOf(value);
      if (word !== "YES" && word !== "NO") return syntaxError;
      skipsMe = word === "YES";
      continue;
    }
    const test = testOf(option, value);
    if (typeof test !== "function") return test;
    tests.push(test);
  }
  return { accepts: (connection) => tests.every((test) => test(connection)), skipsMe };
}

function testOf(option: string, value: Buffer): Test | ErrorReply {
  const text = value.toString("latin1");
  switch (option) {
    case "ID": {
      const id = parseInteger(value) ?? 0;
      if (id <= 0) return error("ERR client-id should be greater than 0");
      return (connection) => connection.id === id;
    }
    case "ADDR":
      return (connection) => connection.peer === text;
    case "LADDR":
      return (connection) => connection.local === text;
    case "TYPE":
      return typeFilter(value);
    case "USER":
      return text === "default" ? () => true : error(`ERR No such user '${text}'`);
    default:
      return syntaxError;
  }
}

/** The options of CLIENT LIST: none, TYPE t, or ID n n ... */
export function listFilter(args: readonly Buffer[]): Test | ErrorReply {
  const [option, ...values] = args;
  const [first] = values;
  if (option === undefined) return () => true;
  if (optionOf(option) === "TYPE" && values.length === 1 && first !== undefined) return typeFilter(first);
  if (optionOf(option) !== "ID" || first === undefined) return syntaxError;
  const ids = new Set(values.map(parseInteger));
  if (ids.has(undefined)) return error("ERR Invalid client ID");
  return (connection) => ids.has(connection.id);
}

export const noSuchClient = error("ERR No such client");
