import { afterAll, beforeAll, expect, test } from "vitest";
import { type Step, wordsOf } from "./conformance-case.ts";
import { type Difference, differences } from "./differences.ts";
import { RawConnection } from "./raw-connection.ts";
import { type RunningServer, startNode, startRedis } from "./servers.ts";

let ours: RunningServer;
let redis: RunningServer;

beforeAll(async () => {
  [ours, redis] = await Promise.all([startNode(), startRedis()]);
});

afterAll(async () => {
  await Promise.all([ours?.stop(), redis?.stop()]);
});

async function replyOf(server: RunningServer, { before, step, after = [] }: Difference): Promise<string> {
  const client = await RawConnection.open(server);
  const commands: Step[] = ["FLUSHALL", ...before, step, ...after];
  const replies = await client.pipeline(commands.map(wordsOf));
  client.close();
  return replies[1 + before.length]!.toString("latin1");
}

const title = ({ before, step }: Difference) => [...before, step].map((one) => wordsOf(one).join(" ")).join("; ");

test.each(differences.map((one) => [title(one), one] as const))("%s", async (_, one) => {
  const [got, other] = await Promise.all([replyOf(ours, one), replyOf(redis, one)]);
  if (typeof one.ours === "string") expect(got).toBe(one.ours);
  else expect(got).toMatch(one.ours);
  expect(other, "Redis answers the same by now").not.toBe(got);
});
