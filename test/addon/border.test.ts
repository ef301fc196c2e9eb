// The raw border: what the addon answers to arguments that TypeScript would never pass. Nothing may crash.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DistCacheError } from "../../src/base/errors.ts";

type Call = (...args: unknown[]) => unknown;
type Raw = Record<string, Call> & { Server: new (...args: unknown[]) => Record<string, Call> };

const path = fileURLToPath(new URL("../../build/Release/distcache.node", import.meta.url));
const raw = createRequire(import.meta.url)(path) as Raw;
raw.initialise?.(DistCacheError);

const call = (name: string, ...args: unknown[]): unknown => (raw[name] as Call)(...args);
const newStore = (): unknown => call("storeCreate", 4, 0, 100, 0, 0);

const oddities: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 7],
  ["a fraction", 0.5],
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["a negative number", -1],
  ["a bigint", 5n],
  ["a symbol", Symbol("x")],
  ["a boolean", true],
  ["an object", {}],
  ["an array", []],
  ["a sparse array", Array(3)],
  ["a function", () => {}],
  ["a proxy", new Proxy({}, {})],
  ["a DataView", new DataView(new ArrayBuffer(4))],
  ["a Float32Array", new Float32Array(3)],
  ["an empty string", ""],
  ["an empty buffer", Buffer.alloc(0)],
  ["a detached buffer", detached()],
];

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** Functions of the addon are not enumerable. */
const storeCalls = Object.getOwnPropertyNames(raw).filter((name) => /^store[A-Z]/.test(name));

test("there are calls to try", () => {
  expect(storeCalls.length).toBeGreaterThan(20);
});

describe.each(storeCalls)("%s", (name) => {
  test.each(oddities)("%s in any place answers or throws a DistCacheError", (_what, odd) => {
    for (let place = 0; place < 6; place += 1) {
      const args = [newStore(), "key", "value", 0, 0, 0];
      args[place] = odd;
      try {
        call(name, ...args);
      } catch (error) {
        expect(error).toBeInstanceOf(DistCacheError);
      }
    }
  });

  test("no arguments at all throw, and leave the process as it was", () => {
    expect(() => call(name)).toThrow(DistCacheError);
  });
});

function methodsOf(server: object): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(server)).filter((name) => name !== "constructor");
}

describe("Server", () => {
  const newServer = () => new raw.Server(newStore(), 1, 10, false, 1 << 20, () => {});

  test.each(oddities)("%s in any place of the constructor throws a DistCacheError or makes a server", (_what, odd) => {
    for (let place = 0; place < 6; place += 1) {
      const args: unknown[] = [newStore(), 1, 10, false, 1 << 20, () => {}];
      args[place] = odd;
      let server: Record<string, Call> | undefined;
      try {
        server = new raw.Server(...args);
      } catch (error) {
        expect(error).toBeInstanceOf(DistCacheError);
      }
      server?.stop?.();
    }
  });

  test("is a class: a plain call throws", () => {
    expect(() => (raw.Server as unknown as Call)(newStore(), 1, 10, false, 1 << 20, () => {})).toThrow();
  });

  test("its methods refuse another object as this", () => {
    const server = newServer();
    for (const name of methodsOf(server)) {
      expect(() => (server[name] as Call).call({}), name).toThrow();
    }
    server.stop?.();
  });

  test("every method takes odd arguments without harm, before start, running and after stop", () => {
    const server = newServer();
    const methods = methodsOf(server).filter((name) => !["start", "stop", "listenTcp", "listenUnix"].includes(name));
    const tryAll = () => {
      for (const name of methods) {
        for (const [, odd] of oddities) {
          try {
            server[name]?.(odd, odd, odd, odd, odd);
          } catch (error) {
            expect(error, name).toBeInstanceOf(DistCacheError);
          }
        }
      }
    };
    tryAll();
    server.start?.();
    tryAll();
    server.stop?.();
    tryAll();
    expect(() => server.drain?.(1)).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  test("stops twice, and may be collected without being stopped or started", () => {
    const server = newServer();
    server.start?.();
    server.stop?.();
    server.stop?.();
    newServer();
  });

  test("an address that is taken is told apart from other failures", () => {
    const first = newServer();
    const second = newServer();
    first.start?.();
    second.start?.();
    const [, , port] = (first.listenTcp as Call)("127.0.0.1", 0) as [number, string, number];
    expect(() => second.listenTcp?.("127.0.0.1", port)).toThrow(expect.objectContaining({ code: "ADDRESS_IN_USE" }));
    expect(() => second.listenTcp?.("not an address", 0)).toThrow(DistCacheError);
    first.stop?.();
    second.stop?.();
  });
});
