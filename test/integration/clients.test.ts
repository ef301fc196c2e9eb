// Connections as TypeScript sees and steers them: the CLIENT family, limits, MULTI with admin commands, over real sockets.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNode, type Node, type NodeOptions } from "../../src/index.ts";
import { RawConnection } from "../conformance/raw-connection.ts";

let node: Node;
const opened: RawConnection[] = [];

async function startNode(options: NodeOptions = {}): Promise<void> {
  node = createNode({ port: 0, ioThreads: 2, walFile: "", snapshotFile: "", dashboardPort: "", ...options });
  await node.start();
}

async function open(): Promise<RawConnection> {
  const connection = await RawConnection.open({ host: node.host, port: node.port });
  opened.push(connection);
  return connection;
}

const ask = async (connection: RawConnection, words: string): Promise<string> =>
  (await connection.command(...words.split(" "))).toString();

/** Whether a reply comes soon: for showing that one is held back, which no event announces. */
async function isAnswered(reply: Promise<unknown>): Promise<boolean> {
  return Promise.race([reply.then(() => true), sleep(150, false)]);
}

beforeEach(() => startNode());
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await node.stop();
});

describe("CLIENT", () => {
  test("numbers grow, LIST and INFO show both threads' connections", async () => {
    const first = await open();
    const second = await open();
    const [one, two] = [await ask(first, "CLIENT ID"), await ask(second, "CLIENT ID")];
    expect(Number(two.slice(1))).toBeGreaterThan(Number(one.slice(1)));
    await ask(second, "SELECT 3");
    await ask(second, "CLIENT SETNAME second");
    await ask(second, "SET a 1");
    const list = await ask(first, "CLIENT LIST");
    expect(list).toMatch(/ name= .* db=0 .* cmd=client\|list /);
    expect(list).toMatch(/ name=second .* db=3 .* cmd=set /);
    expect(await ask(second, "CLIENT INFO")).toMatch(
      /^\$\d+\r\nid=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name=second /,
    );
  });

  test("KILL ends another connection at once and one's own after the reply", async () => {
    const [first, second] = [await open(), await open()];
    const id = (await ask(second, "CLIENT ID")).slice(1).trim();
    expect(await ask(first, `CLIENT KILL ID ${id}`)).toBe(":1\r\n");
    expect((await second.untilClosed()).length).toBe(0);
    await expect.poll(() => ask(first, "CLIENT LIST"), { timeout: 20_000 }).not.toContain(`id=${id} `);
    first.write("*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$6\r\nSKIPME\r\n$2\r\nno\r\n");
    expect((await first.untilClosed()).toString()).toBe(":1\r\n");
  });

  test("REPLY OFF, SKIP and ON hold within one pipeline", async () => {
    const connection = await open();
    connection.write(
      "PING\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO one\r\nCLIENT REPLY OFF\r\nPING\r\nTIME\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\nCLIENT REPLY ON\r\nECHO two\r\n",
    );
    const replies = [];
    for (let index = 0; index < 4; index += 1) replies.push((await connection.nextReply()).toString());
    expect(replies).toEqual(["+PONG\r\n", "$3\r\none\r\n", "+OK\r\n", "$3\r\ntwo\r\n"]);
  });

  test("PAUSE WRITE holds writes back but not reads, until UNPAUSE", async () => {
    const [first, second] = [await open(), await open()];
    expect(await ask(first, "CLIENT PAUSE 60000 WRITE")).toBe("+OK\r\n");
    expect(await ask(second, "GET a")).toBe("$-1\r\n");
    const write = second.command("SET", "a", "1");
    expect(await isAnswered(write)).toBe(false);
    expect(await ask(first, "CLIENT UNPAUSE")).toBe("+OK\r\n");
    expect((await write).toString()).toBe("+OK\r\n");
  });

  test("PAUSE ALL ends by itself", async () => {
    const connection = await open();
    await ask(connection, "CLIENT PAUSE 50 ALL");
    expect(await ask(connection, "PING")).toBe("+PONG\r\n");
  });

  test("NO-TOUCH leaves access times alone", async () => {
    await node.stop();
    await startNode({ cacheSize: 2 });
    const connection = await open();
    await ask(connection, "CLIENT NO-TOUCH on");
    for (const words of ["SET a 1", "SET b 1", "GET a", "SET c 1"]) await ask(connection, words);
    expect(await ask(connection, "EXISTS a")).toBe(":0\r\n");
  });
});

describe("the bridge", () => {
  test("a pipeline that mixes both planes is answered in order", async () => {
    const connection = await open();
    const commands = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 0 ? ["CLIENT", "ID"] : index % 3 === 1 ? ["SET", "a", String(index)] : ["GET", "a"],
    );
    const id = await ask(connection, "CLIENT ID");
    const replies = (await connection.pipeline(commands)).map(String);
    replies.forEach((reply, index) => {
      const value = String(index - 1);
      const expected = [id, "+OK\r\n", `$${value.length}\r\n${value}\r\n`][index % 3];
      expect(reply).toBe(expected);
    });
  });

  test("HELLO 3 changes the protocol of what follows it in the same pipeline", async () => {
    const connection = await open();
    const replies = await connection.pipeline([
      ["GET", "x"],
      ["HELLO", "3"],
      ["GET", "x"],
      ["CONFIG", "GET", "port"],
    ]);
    expect(replies[0]?.toString()).toBe("$-1\r\n");
    expect(replies[1]?.toString()).toMatch(/^%7\r\n/);
    expect(replies[2]?.toString()).toBe("_\r\n");
    expect(replies[3]?.toString()).toMatch(/^%1\r\n/);
  });

  test("RESET leaves name, database, protocol and transaction behind", async () => {
    const connection = await open();
    await connection.pipeline([["HELLO", "3", "SETNAME", "a"], ["SELECT", "2"], ["MULTI"], ["SET", "a", "1"]]);
    expect(await ask(connection, "RESET")).toBe("+RESET\r\n");
    expect(await ask(connection, "CLIENT GETNAME")).toBe("$-1\r\n");
    expect(await ask(connection, "EXEC")).toBe("-ERR EXEC without MULTI\r\n");
    expect(await ask(connection, "CLIENT INFO")).toMatch(/ db=0 .* resp=2 /);
  });

  test("a busy main thread delays its own commands only", async () => {
    const [first, second] = [await open(), await open()];
    await ask(first, "SET a 1");
    const slow = first.command("CLIENT", "LIST");
    expect(await ask(second, "GET a")).toBe("$1\r\n1\r\n");
    expect((await slow).toString()).toContain("id=");
  });
});

describe("limits", () => {
  test("a client beyond MAX_CLIENTS gets an error and is closed; a place that is free again is given out", async () => {
    const first = await open();
    await ask(first, "CONFIG SET maxclients 2");
    const second = await open();
    await ask(second, "PING");
    const third = await open();
    expect((await third.untilClosed()).toString()).toBe("-ERR max number of clients reached\r\n");
    second.close();
    await expect
      .poll(async () => ask(await open(), "PING").catch(() => "closed"), { timeout: 20_000, interval: 50 })
      .toBe("+PONG\r\n");
  });

  test("a client that goes in the middle of a command leaves nothing behind", async () => {
    const first = await open();
    const twoLines = /id=[^\n]*\nid=/;
    const socket = connect(node.port, node.host);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nabc");
    await expect.poll(() => ask(first, "CLIENT LIST TYPE normal"), { timeout: 20_000 }).toMatch(twoLines);
    socket.destroy();
    await expect.poll(() => ask(first, "CLIENT LIST"), { timeout: 20_000 }).not.toMatch(twoLines);
    expect(await ask(first, "GET a")).toBe("$-1\r\n");
  });
});

describe("a node in a program", () => {
  test("shares its store with node.cache", async () => {
    const connection = await open();
    node.cache.set("a", "from the program", { ttlMs: 60_000 });
    expect(await ask(connection, "GET a")).toBe("$16\r\nfrom the program\r\n");
    await ask(connection, "SET b from-a-client");
    expect(node.cache.get("b")).toBe("from-a-client");
    expect(node.cache.size).toBe(2);
  });

  test("starts once and stops twice", async () => {
    await expect(node.start()).rejects.toThrow("starts once");
    await node.stop();
    await node.stop();
    await node.stopped;
  });

  test("two nodes in one process share nothing", async () => {
    const second = createNode({ port: 0, walFile: "", snapshotFile: "", dashboardPort: "" });
    await second.start();
    node.cache.set("a", "1");
    expect(second.cache.get("a")).toBeUndefined();
    expect(second.port).not.toBe(node.port);
    await second.stop();
  });

  test("a bad setting throws before anything is opened", () => {
    expect(() => createNode({ port: 70_000 })).toThrow('port: "70000" is not allowed');
  });
});
