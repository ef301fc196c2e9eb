// Where replies differ from redis-server 7.0.15 on purpose, and why. The test holds each line to both ends: our reply is
// the one given here, and Redis's is another, so that a line goes when it is no longer true.
import type { Step } from "./conformance-case.ts";

export interface Difference {
  readonly reason: string;
  /** Commands on an empty store whose replies take no part. */
  readonly before: readonly Step[];
  readonly step: Step;
  /** What leaves the server as it was. */
  readonly after?: readonly Step[];
  /** Our reply in RESP2, or what it looks like where it is a measurement. */
  readonly ours: string | RegExp;
}

const valkey = "a command or option of Valkey, newer than Redis 7.0: compare and set, compare and delete";
const encoding =
  "a value's encoding is told from its bytes, not from the commands that made it: there is one way in which values are stored";
const posted =
  "the control plane answers these commands, and a transaction holds the locks of its keys while it runs: it can not wait for " +
  "another thread. They are refused while queueing, before anything has run";

export const differences: readonly Difference[] = [
  { reason: valkey, before: ["SET a 1"], step: "SET a 2 IFEQ 1", ours: "+OK\r\n" },
  { reason: valkey, before: ["SET a 1"], step: "SET a 2 IFEQ 2", ours: "$-1\r\n" },
  { reason: valkey, before: ["SET a 1"], step: "SET a 2 IFEQ 2 GET", ours: "$1\r\n1\r\n" },
  { reason: valkey, before: ["SET a 1"], step: "SET a 2 ifeq 1 GET", ours: "$1\r\n1\r\n" },
  { reason: valkey, before: ["SET a 1 EX 100"], step: "SET a 2 IFEQ 1 KEEPTTL", ours: "+OK\r\n" },
  { reason: valkey, before: [], step: "SET a 2 IFEQ 1", ours: "$-1\r\n" },
  { reason: valkey, before: ["SET a 1", "SET a 2 IFEQ 1"], step: "GET a", ours: "$1\r\n2\r\n" },
  { reason: valkey, before: ["SET a 1"], step: "DELIFEQ a 2", ours: ":0\r\n" },
  { reason: valkey, before: ["SET a 1"], step: "DELIFEQ a 1", ours: ":1\r\n" },
  { reason: valkey, before: [], step: "DELIFEQ a 1", ours: ":0\r\n" },
  { reason: encoding, before: ["APPEND a 12", "APPEND a 3"], step: "OBJECT ENCODING a", ours: "$3\r\nint\r\n" },
  { reason: encoding, before: ["SET a xy", "APPEND a z"], step: "OBJECT ENCODING a", ours: "$6\r\nembstr\r\n" },
  { reason: encoding, before: ["INCRBYFLOAT a 3"], step: "OBJECT ENCODING a", ours: "$3\r\nint\r\n" },
  {
    reason: "small numbers are not shared between keys, so every value has one owner",
    before: ["SET a 1"],
    step: "OBJECT REFCOUNT a",
    ours: ":1\r\n",
  },
  {
    reason:
      "eviction has no LFU policy to depend on: the frequency comes from the list of hot keys, which is always kept",
    before: ["SET a 1"],
    step: "OBJECT FREQ a",
    ours: /^:\d+\r\n$/,
  },
  ...["RENAME a c", "MOVE a 1"].map((step) => ({
    reason:
      "a key that moves is written before the old one goes, so that nothing is lost where there is no room: at a bound under " +
      "noeviction it is refused as a write",
    before: ["SET a 1", "CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1"],
    step,
    after: ["CONFIG SET maxmemory 0"],
    ours: "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
  })),
  {
    reason: "the queue does not look at the bound, EXEC does: nothing of the transaction runs either way",
    before: ["CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1", "MULTI", "SET a 1"],
    step: "EXEC",
    after: ["CONFIG SET maxmemory 0"],
    ours: "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n",
  },
  ...["INFO", "TIME", "CLIENT ID", "CONFIG GET maxmemory", "COMMAND COUNT", "LASTSAVE"].map((step) => ({
    reason: posted,
    before: ["MULTI"],
    step,
    ours: "-ERR Command not allowed inside a transaction\r\n",
  })),
];
