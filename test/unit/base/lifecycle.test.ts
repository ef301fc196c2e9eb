import { describe, expect, test } from "vitest";
import { DistCacheError } from "../../../src/base/errors.ts";
import { Lifecycle, type Part, withDeadline } from "../../../src/base/lifecycle.ts";

/** A part that writes down what is done to it. */
function recorder(log: string[], name: string, overrides: Partial<Part> = {}): Part {
  return { name, start: () => void log.push(`start ${name}`), stop: () => void log.push(`stop ${name}`), ...overrides };
}

function newLifecycle(failures: string[] = [], stopTimeoutMs = 20_000): Lifecycle {
  return new Lifecycle({ stopTimeoutMs, onStopFailure: (part) => failures.push(part) });
}

describe("Lifecycle", () => {
  test("starts in order and stops in the reverse order", async () => {
    const log: string[] = [];
    const lifecycle = newLifecycle();
    await lifecycle.start([recorder(log, "a"), recorder(log, "b")]);
    await lifecycle.stop();
    expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
  });

  test("stops once, however often it is asked", async () => {
    const log: string[] = [];
    const lifecycle = newLifecycle();
    await lifecycle.start([recorder(log, "a")]);
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    expect(log).toEqual(["start a", "stop a"]);
  });

  test("a part that does not start stops those before it, itself included, and its error is thrown", async () => {
    const log: string[] = [];
    const refuses = recorder(log, "b", {
      start: () => {
        throw new DistCacheError("IO", "no disk");
      },
    });
    const started = newLifecycle().start([recorder(log, "a"), refuses, recorder(log, "c")]);
    await expect(started).rejects.toThrow("no disk");
    expect(log).toEqual(["start a", "stop b", "stop a"]);
  });

  test("a part that fails to stop, or never does, does not keep the others from stopping", async () => {
    const log: string[] = [];
    const failures: string[] = [];
    const lifecycle = newLifecycle(failures, 5);
    const hangs = recorder(log, "hangs", { stop: () => new Promise<void>(() => {}) });
    const fails = recorder(log, "fails", { stop: () => Promise.reject(new Error("no")) });
    await lifecycle.start([recorder(log, "a"), hangs, fails]);
    await lifecycle.stop();
    expect(failures).toEqual(["fails", "hangs"]);
    expect(log.at(-1)).toBe("stop a");
  });
});

describe("withDeadline", () => {
  test("says what took too long", async () => {
    const never = withDeadline(new Promise(() => {}), 1, "waiting");
    await expect(never).rejects.toMatchObject({ code: "TIMED_OUT", message: "waiting took over 1 ms" });
  });
});
