// Every case against both servers, byte for byte, in both protocols.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessCases, clientCases, serverCases } from "./cases/administration.ts";
import { expiryCases, keyCases } from "./cases/keys.ts";
import { numberCases, stringCases } from "./cases/strings.ts";
import { connectionCases, transactionCases } from "./cases/transactions.ts";
import { type ConformanceCase, comparable, optionsOf, printable, wordsOf } from "./conformance-case.ts";
import { RawConnection } from "./raw-connection.ts";
import { type RunningServer, startNode, startRedis } from "./servers.ts";

type Protocol = 2 | 3;

let ours: RunningServer;
let redis: RunningServer;

beforeAll(async () => {
  [ours, redis] = await Promise.all([startNode(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([ours?.stop(), redis?.stop()]);
});

async function openClients(server: RunningServer, count: number, protocol: Protocol): Promise<RawConnection[]> {
  const clients: RawConnection[] = [];
  for (let i = 0; i < count; i++) {
    const client = await RawConnection.open(server);
    if (protocol === 3) await client.command("HELLO", "3");
    clients.push(client);
  }
  return clients;
}

/** Runs a case on an empty server and answers its replies. */
async function repliesOf(server: RunningServer, { steps }: ConformanceCase, protocol: Protocol): Promise<Buffer[]> {
  const count = 1 + Math.max(...steps.map((step) => optionsOf(step).client));
  const clients = await openClients(server, count, protocol);
  const replies: Buffer[] = [];
  await clients[0]!.command("FLUSHALL");
  for (const step of steps) replies.push(await clients[optionsOf(step).client]!.command(...wordsOf(step)));
  for (const client of clients) client.close();
  return replies;
}

async function expectSameReplies(one: ConformanceCase, protocol: Protocol): Promise<void> {
  const [got, expected] = await Promise.all([repliesOf(ours, one, protocol), repliesOf(redis, one, protocol)]);
  const table = (replies: Buffer[]) =>
    one.steps.map((step, i) => ({
      command: wordsOf(step).map((word) => printable(Buffer.from(word as string)).slice(0, 200)),
      reply: comparable(replies[i]!, optionsOf(step).compare),
    }));
  expect(table(got)).toEqual(table(expected));
}

describe.each([2, 3] as const)("RESP%i", (protocol) => {
  const families = {
    stringCases,
    numberCases,
    keyCases,
    expiryCases,
    transactionCases,
    connectionCases,
    accessCases,
    clientCases,
    serverCases,
  };
  describe.each(Object.entries(families))("%s", (_, cases) => {
    test.each([...cases])("$name", (one) => expectSameReplies(one, protocol));
  });
});
