// What /readyz says in each phase of a node's life.
import { expect, test } from "vitest";
import type { DurabilityStatus } from "../../../src/durability/durability-status.ts";
import { readinessOf } from "../../../src/node/readiness.ts";

const healthy: DurabilityStatus = {
  isHealthy: true,
  reasons: [],
  refusesWrites: false,
  loading: undefined,
  recovery: undefined,
  log: undefined,
  snapshot: undefined,
};

test("a serving node is ready, with or without durability", () => {
  expect(readinessOf("serving", undefined)).toEqual({ isReady: true, reasons: [] });
  expect(readinessOf("serving", healthy)).toEqual({ isReady: true, reasons: [] });
});

test("while it loads it says how far it is", () => {
  const loading = { doneBytes: 30, totalBytes: 90, startedAtMs: 0 };
  expect(readinessOf("starting", { ...healthy, loading })).toEqual({
    isReady: false,
    reasons: ["loading: 33 % of what is on disk"],
  });
  expect(readinessOf("starting", undefined).isReady).toBe(false);
});

test("a failed disk and the end are reasons", () => {
  const failed = { ...healthy, isHealthy: false, reasons: ["writing the log failed"] };
  expect(readinessOf("serving", failed)).toEqual({ isReady: false, reasons: ["writing the log failed"] });
  expect(readinessOf("stopping", healthy)).toEqual({ isReady: false, reasons: ["stopping"] });
});
