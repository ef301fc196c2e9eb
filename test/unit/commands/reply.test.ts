import { describe, expect, test } from "vitest";
import {
  boolean,
  double,
  encodeReply,
  error,
  map,
  noReply,
  nullArray,
  ok,
  type Reply,
  raw,
  set,
  simple,
  verbatim,
} from "../../../src/commands/reply.ts";

const cases: [name: string, reply: Reply, resp2: string, resp3: string][] = [
  ["simple", simple("PONG"), "+PONG\r\n", "+PONG\r\n"],
  ["ok", ok, "+OK\r\n", "+OK\r\n"],
  ["error", error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n"],
  ["integer", -5, ":-5\r\n", ":-5\r\n"],
  ["big integer", 2n ** 62n, ":4611686018427387904\r\n", ":4611686018427387904\r\n"],
  ["text", "grün", "$5\r\ngrün\r\n", "$5\r\ngrün\r\n"],
  ["empty text", "", "$0\r\n\r\n", "$0\r\n\r\n"],
  ["bytes", Buffer.from("a\r\n"), "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"],
  ["null", null, "$-1\r\n", "_\r\n"],
  ["null array", nullArray, "*-1\r\n", "_\r\n"],
  ["array", [1, ["a", null]], "*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n", "*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n"],
  ["map", map([["a", 1]]), "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n"],
  ["set", set(["a"]), "*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n"],
  ["double", double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
  ["infinity", double(Number.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"],
  ["boolean", boolean(true), ":1\r\n", "#t\r\n"],
  ["verbatim", verbatim("hé"), "$3\r\nhé\r\n", "=7\r\ntxt:hé\r\n"],
  ["raw between", [raw(Buffer.from("+x\r\n")), 1], "*2\r\n+x\r\n:1\r\n", "*2\r\n+x\r\n:1\r\n"],
  ["no reply", noReply, "", ""],
];

describe("encodeReply", () => {
  test.each(cases)("%s", (_name, reply, resp2, resp3) => {
    expect(encodeReply(reply, 2).toString()).toBe(resp2);
    expect(encodeReply(reply, 3).toString()).toBe(resp3);
  });

  test("bytes that are no text stay as they are", () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    expect(encodeReply(bytes, 2)).toEqual(Buffer.concat([Buffer.from("$3\r\n"), bytes, Buffer.from("\r\n")]));
  });
});
