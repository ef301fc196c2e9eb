// Commands that TypeScript answers, through the dispatcher, as if the bridge had posted them.
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { DistCacheError } from "../../../src/base/errors.ts";
import { registerCommandCommand } from "../../../src/commands/command-command.ts";
import { registerConfigCommand } from "../../../src/commands/config-command.ts";
import { CommandRegistry } from "../../../src/commands/registry.ts";
import { registerTimeCommand } from "../../../src/commands/time-command.ts";
import { LiveConfig } from "../../../src/config/live-config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { type Changes, EventKind, type ServerEvent } from "../../../src/native.ts";
import { Authentication } from "../../../src/server/authentication.ts";
import { registerClientCommand } from "../../../src/server/client-command.ts";
import { ConnectionReports } from "../../../src/server/connection-reports.ts";
import { Connections } from "../../../src/server/connections.ts";
import { Dispatcher } from "../../../src/server/dispatcher.ts";
import { registerHelloCommands } from "../../../src/server/hello-command.ts";
import { Pause, type PauseMode } from "../../../src/server/pause.ts";
import { registerShutdown, type ShutdownRequest } from "../../../src/server/shutdown-command.ts";

interface Answered {
  connection: number;
  reply: string;
  changes: Changes;
}

function eventOf(kind: number, connection: number, overrides: Partial<ServerEvent> = {}): ServerEvent {
  const blank = { database: 0, protocol: 2, isAuthenticated: true, inMulti: false, arguments: [], text: "" } as const;
  return { kind, connection, ...blank, arguments: [], ...overrides };
}

/** A server without sockets: answers are collected, threads report one row a connection. */
class Bench {
  readonly clock = new ManualClock();
  readonly registry = new CommandRegistry();
  readonly connections = new Connections();
  readonly authentication = new Authentication(undefined);
  readonly config = new LiveConfig(loadConfig({}));
  readonly answers: Answered[] = [];
  readonly killed: number[] = [];
  readonly pauses: (PauseMode | undefined)[] = [];
  readonly shutdowns: ShutdownRequest[] = [];
  readonly pause = new Pause(this.clock, { setPaused: (mode) => void this.pauses.push(mode) });
  readonly reports: ConnectionReports;
  readonly dispatcher: Dispatcher;
  statisticsResets = 0;

  constructor() {
    this.reports = new ConnectionReports({ requestReport: (token) => this.report(token) }, 2);
    const { registry, connections, authentication, reports, pause, clock, config } = this;
    registerHelloCommands(registry, { authentication, connections });
    registerClientCommand(registry, { connections, reports, pause, clock, kill: (id) => void this.killed.push(id) });
    registerCommandCommand(registry);
    registerTimeCommand(registry, clock);
    registerShutdown(registry, (request) => void this.shutdowns.push(request));
    registerConfigCommand(registry, {
      config,
      derived: [{ name: "appendonly", read: () => "no" }],
      resetStatistics: () => {
        this.statisticsResets += 1;
      },
    });
    this.dispatcher = new Dispatcher({
      registry,
      connections,
      logger: pino({ level: "silent" }),
      clock,
      answered: () => {},
      answer: (connection, reply, changes) => void this.answers.push({ connection, reply: reply.toString(), changes }),
    });
    for (const id of [1, 2]) {
      connections.open(eventOf(EventKind.OPENED, id, { text: `127.0.0.1:400${id} 127.0.0.1:6379` }), clock.nowMs());
    }
  }

  report(token: number): void {
    const row = (connection: number, text: string) =>
      this.reports.take(eventOf(EventKind.REPORT, connection, { database: token, text }));
    queueMicrotask(() => {
      row(1, "fd=8 idle_ms=0 db=0 multi=-1");
      row(0, "");
      row(2, "fd=9 idle_ms=61000 db=3 multi=2 cmd=get");
      row(0, "");
    });
  }

  /** The answer to a command given as words. */
  async ask(words: string, overrides: Partial<ServerEvent> = {}): Promise<Answered> {
    const before = this.answers.length;
    const list = words.split(" ").map((word) => Buffer.from(word === '""' ? "" : word));
    this.dispatcher.dispatch(eventOf(EventKind.REQUEST, 1, { arguments: list, ...overrides }));
    await expect.poll(() => this.answers.length, { timeout: 20_000 }).toBe(before + 1);
    return this.answers.at(-1) as Answered;
  }

  async replyTo(words: string, overrides: Partial<ServerEvent> = {}): Promise<string> {
    return (await this.ask(words, overrides)).reply;
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("dispatcher", () => {
  test("a container's subcommand is checked against the table", async () => {
    expect(await bench.replyTo("CLIENT NOSUCH")).toBe("-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n");
    expect(await bench.replyTo("CLIENT ID x")).toBe("-ERR wrong number of arguments for 'client|id' command\r\n");
  });

  test("a handler that throws answers with the code's prefix", async () => {
    bench.registry.replace("TIME", () => {
      throw new DistCacheError("OUT_OF_MEMORY", "no room");
    });
    expect(await bench.replyTo("TIME")).toBe("-OOM no room\r\n");
    bench.registry.replace("TIME", () => Promise.reject(new Error("broken")));
    expect(await bench.replyTo("TIME")).toBe("-ERR broken\r\n");
  });

  test("two handlers for one name are a mistake", () => {
    expect(() => bench.registry.add("time", () => null)).toThrow("two handlers for time");
  });
});

describe("HELLO and AUTH", () => {
  test("HELLO 3 switches the protocol of its own reply", async () => {
    const { reply, changes } = await bench.ask("HELLO 3 SETNAME web");
    expect(reply).toContain("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n");
    expect(changes.protocol).toBe(3);
    expect(await bench.replyTo("CLIENT GETNAME")).toBe("$3\r\nweb\r\n");
  });

  test.each([
    ["HELLO 4", "-NOPROTO unsupported protocol version\r\n"],
    ["HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"],
    ["HELLO 3 AUTH a", "-ERR Syntax error in HELLO option 'AUTH'\r\n"],
    ["HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"],
    ["AUTH a b c", "-ERR syntax error\r\n"],
    ["AUTH foo x", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"],
    ["AUTH default x", "+OK\r\n"],
  ])("%s without a password", async (words, reply) => {
    expect(await bench.replyTo(words)).toBe(reply);
  });

  test("with a password, only the default user and the right one are let in", async () => {
    bench.authentication.setPassword("secret");
    const outside = { isAuthenticated: false };
    expect(await bench.replyTo("AUTH wrong", outside)).toMatch(/^-WRONGPASS/);
    expect(await bench.replyTo("AUTH other secret", outside)).toMatch(/^-WRONGPASS/);
    expect(await bench.replyTo("HELLO 3", outside)).toMatch(/^-NOAUTH HELLO must be called/);
    expect(await bench.replyTo("HELLO 3 AUTH default wrong", outside)).toMatch(/^-WRONGPASS/);
    const { reply, changes } = await bench.ask("HELLO 3 AUTH default secret", outside);
    expect(reply).toMatch(/^%7/);
    expect(changes).toEqual({ isAuthenticated: true, protocol: 3 });
    expect((await bench.ask("AUTH secret", outside)).changes).toEqual({ isAuthenticated: true });
  });

  test("RESET forgets the name and asks for the password again", async () => {
    bench.authentication.setPassword("secret");
    await bench.ask("CLIENT SETNAME a");
    const { reply, changes } = await bench.ask("RESET");
    expect(reply).toBe("+RESET\r\n");
    expect(changes).toMatchObject({ resets: true, isAuthenticated: false, protocol: 2, database: 0, replyMode: "on" });
    expect(await bench.replyTo("CLIENT GETNAME")).toBe("$-1\r\n");
  });
});

describe("CLIENT", () => {
  test("LIST has a line a connection with what the threads reported", async () => {
    bench.clock.advance(5000);
    const lines = (await bench.replyTo("CLIENT LIST")).split("\r\n")[1]?.split("\n") ?? [];
    expect(lines[0]).toMatch(/^id=1 addr=127.0.0.1:4001 laddr=127.0.0.1:6379 fd=8 name= age=5 idle=0 flags=N db=0 /);
    expect(lines[0]).toContain(" cmd=client|list user=default redir=-1 resp=2 lib-name= lib-ver=");
    expect(lines[1]).toMatch(
      /^id=2 addr=127.0.0.1:4002 .* fd=9 name= age=5 idle=61 flags=x db=3 .* multi=2 .* cmd=get /,
    );
  });

  test("LIST takes filters", async () => {
    expect(await bench.replyTo("CLIENT LIST ID 2 99")).toMatch(/^\$\d+\r\nid=2 [^\n]*\n\r\n$/);
    expect(await bench.replyTo("CLIENT LIST TYPE pubsub")).toBe("$0\r\n\r\n");
    expect(await bench.replyTo("CLIENT LIST TYPE foo")).toBe("-ERR Unknown client type 'foo'\r\n");
    expect(await bench.replyTo("CLIENT LIST ID x")).toBe("-ERR Invalid client ID\r\n");
    expect(await bench.replyTo("CLIENT LIST FOO")).toBe("-ERR syntax error\r\n");
  });

  test("a thread that does not report is left out after a while", async () => {
    const reports = new ConnectionReports({ requestReport: () => {} }, 1, 1);
    expect((await reports.ask()).size).toBe(0);
  });

  test("KILL in its older form answers OK or that there is none", async () => {
    expect(await bench.replyTo("CLIENT KILL 1.2.3.4:5")).toBe("-ERR No such client\r\n");
    expect(await bench.replyTo("CLIENT KILL 127.0.0.1:4002")).toBe("+OK\r\n");
    expect(bench.killed).toEqual([2]);
  });

  test("KILL by filter counts, skips the one that asks unless told, and lets it go after its reply", async () => {
    expect(await bench.replyTo("CLIENT KILL TYPE normal")).toBe(":1\r\n");
    const { reply, changes } = await bench.ask("CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no");
    expect(reply).toBe(":2\r\n");
    expect(changes.closes).toBe(true);
    expect(bench.killed).toEqual([2, 2]);
    expect(await bench.replyTo("CLIENT KILL ID 2 ADDR 127.0.0.1:4001")).toBe(":0\r\n");
  });

  test.each([
    ["KILL ID 0", "-ERR client-id should be greater than 0\r\n"],
    ["KILL SKIPME maybe ID 3", "-ERR syntax error\r\n"],
    ["KILL ID 4 ADDR", "-ERR syntax error\r\n"],
    ["KILL USER foo", "-ERR No such user 'foo'\r\n"],
    ["PAUSE x", "-ERR timeout is not an integer or out of range\r\n"],
    ["PAUSE -1", "-ERR timeout is negative\r\n"],
    ["PAUSE 1 FOO", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"],
    ["NO-EVICT foo", "-ERR syntax error\r\n"],
    ["REPLY foo", "-ERR syntax error\r\n"],
    ["SETINFO foo x", "-ERR Unrecognized option 'foo'\r\n"],
  ])("%s is refused", async (words, reply) => {
    expect(await bench.replyTo(`CLIENT ${words}`)).toBe(reply);
  });

  test("REPLY OFF and SKIP say nothing, ON says OK", async () => {
    expect(await bench.ask("CLIENT REPLY OFF")).toMatchObject({ reply: "", changes: { replyMode: "off" } });
    expect(await bench.ask("CLIENT REPLY SKIP")).toMatchObject({ reply: "", changes: { replyMode: "skip" } });
    expect(await bench.ask("CLIENT REPLY ON")).toMatchObject({ reply: "+OK\r\n", changes: { replyMode: "on" } });
  });

  test("NO-EVICT and NO-TOUCH change the connection", async () => {
    await bench.ask("CLIENT NO-EVICT on");
    expect((await bench.ask("CLIENT NO-TOUCH on")).changes).toEqual({ touchesRecency: false });
    expect(await bench.replyTo("CLIENT INFO")).toContain(" flags=eT ");
  });

  test("SETINFO and SETNAME take plain words only", async () => {
    expect(await bench.replyTo("CLIENT SETINFO lib-name ioredis")).toBe("+OK\r\n");
    expect(await bench.replyTo("CLIENT INFO")).toContain(" lib-name=ioredis lib-ver=");
    const bad = [Buffer.from("CLIENT"), Buffer.from("SETNAME"), Buffer.from("a b")];
    expect(await bench.replyTo("", { arguments: bad })).toMatch(/^-ERR Client names cannot contain spaces/);
    await bench.ask('CLIENT SETNAME ""');
    expect(await bench.replyTo("CLIENT GETNAME")).toBe("$-1\r\n");
  });

  test("a further pause never shortens or weakens the first, and UNPAUSE ends it", async () => {
    await bench.ask("CLIENT PAUSE 100000 ALL");
    await bench.ask("CLIENT PAUSE 1 WRITE");
    expect(bench.pauses).toEqual(["all", "all"]);
    expect(bench.pause.mode).toBe("all");
    await bench.ask("CLIENT UNPAUSE");
    expect(bench.pauses.at(-1)).toBeUndefined();
    expect(bench.pause.mode).toBeUndefined();
  });
});

describe("CONFIG", () => {
  test("GET matches patterns and derived names", async () => {
    expect(await bench.replyTo("CONFIG GET MAXMEMORY appendonly")).toBe(
      "*4\r\n$9\r\nMAXMEMORY\r\n$1\r\n0\r\n$10\r\nappendonly\r\n$2\r\nno\r\n",
    );
    expect(await bench.replyTo("CONFIG GET nosuch")).toBe("*0\r\n");
    expect(await bench.replyTo("CONFIG GET maxmemory-p*", { protocol: 3 })).toBe(
      "%1\r\n$16\r\nmaxmemory-policy\r\n$11\r\nallkeys-lru\r\n",
    );
  });

  test("SET takes several settings or none of them", async () => {
    expect(await bench.replyTo("CONFIG SET maxmemory 100mb maxmemory-policy noeviction")).toBe("+OK\r\n");
    expect(bench.config.values).toMatchObject({ maxMemory: 104_857_600, eviction: "noeviction" });
    expect(await bench.replyTo("CONFIG SET maxmemory 1 nosuch 3")).toBe(
      "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n",
    );
    expect(bench.config.values.maxMemory).toBe(104_857_600);
  });

  test.each([
    ["maxmemory x", "'maxmemory') - argument must be a memory value"],
    ["io-threads 2", "'io-threads') - can't set immutable config"],
    ["maxmemory 1 maxmemory 2", "'maxmemory') - duplicate parameter"],
    ["protected-mode foo", "'protected-mode') - argument must be 'yes' or 'no'"],
    ["maxmemory-policy foo", "'maxmemory-policy') - argument(s) must be one of the following: allkeys-lru, "],
  ])("SET %s is refused in Redis's words", async (words, reason) => {
    expect(await bench.replyTo(`CONFIG SET ${words}`)).toContain(
      `-ERR CONFIG SET failed (possibly related to argument ${reason}`,
    );
  });

  test("RESETSTAT resets", async () => {
    expect(await bench.replyTo("CONFIG RESETSTAT")).toBe("+OK\r\n");
    expect(bench.statisticsResets).toBe(1);
  });
});

describe("COMMAND", () => {
  test("INFO of a command and of none", async () => {
    const reply = await bench.replyTo("COMMAND INFO get nosuch");
    expect(reply).toMatch(/^\*2\r\n\*10\r\n\$3\r\nget\r\n:2\r\n\*2\r\n\+readonly\r\n\+fast\r\n:1\r\n:1\r\n:1\r\n/);
    expect(reply).toMatch(/\$-1\r\n$/);
  });

  test.each([
    ["GETKEYS mset a 1 b 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"],
    ["GETKEYS nosuch a", "-ERR Invalid command specified\r\n"],
    ["GETKEYS ping x", "-ERR The command has no key arguments\r\n"],
    ["GETKEYS get a b", "-ERR Invalid number of arguments specified for command\r\n"],
    ["LIST FILTERBY PATTERN getr*", "*1\r\n$8\r\ngetrange\r\n"],
    ["LIST FILTERBY MODULE x", "*0\r\n"],
    ["LIST FILTERBY FOO x", "-ERR syntax error\r\n"],
  ])("%s", async (words, reply) => {
    expect(await bench.replyTo(`COMMAND ${words}`)).toBe(reply);
  });
});

describe("TIME and SHUTDOWN", () => {
  test("TIME has seconds and microseconds", async () => {
    bench.clock.advance(25);
    expect(await bench.replyTo("TIME")).toBe("*2\r\n$10\r\n1700000000\r\n$5\r\n25000\r\n");
  });

  test("SHUTDOWN says nothing, closes, and is passed on with what was asked", async () => {
    expect(await bench.ask("SHUTDOWN NOSAVE FORCE")).toMatchObject({ reply: "", changes: { closes: true } });
    await expect.poll(() => bench.shutdowns, { timeout: 20_000 }).toEqual([{ save: "never", isForced: true }]);
  });

  test.each(["SHUTDOWN foo", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN NOW ABORT"])("%s is refused", async (words) => {
    expect(await bench.replyTo(words)).toBe("-ERR syntax error\r\n");
  });
});
