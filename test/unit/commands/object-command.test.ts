import { expect, test } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { registerObjectCommand } from "../../../src/commands/object-command.ts";
import { type CommandContext, CommandRegistry } from "../../../src/commands/registry.ts";

function objectFrequency() {
  const clock = new ManualClock();
  const hot = [{ key: Buffer.from("hot"), keyBytes: 3, database: 0, calls: 7 }];
  const registry = new CommandRegistry();
  let listsRead = 0;
  registerObjectCommand(registry, {
    clock,
    has: (key) => key.toString() !== "missing",
    hotKeys: () => {
      listsRead++;
      return hot;
    },
  });
  const ask = (key: string, database = 0) =>
    registry.find("OBJECT|FREQ")?.({ database } as CommandContext, [Buffer.from(key)]);
  return { ask, clock, hot, listsRead: () => listsRead };
}

test("a hot key has its calls, another key none, a missing one is null", () => {
  const { ask } = objectFrequency();
  expect(ask("hot")).toBe(7);
  expect(ask("hot", 1)).toBe(0);
  expect(ask("cold")).toBe(0);
  expect(ask("missing")).toBeNull();
});

test("a key of which the list holds only the beginning is not taken for that beginning", () => {
  const { ask, hot } = objectFrequency();
  hot.push({ key: Buffer.from("begins"), keyBytes: 5000, database: 0, calls: 9 });
  expect(ask("begins")).toBe(0);
});

test("the list is read once for many questions, and again when it has aged", () => {
  const { ask, clock, hot, listsRead } = objectFrequency();
  for (let i = 0; i < 100; i++) ask("hot");
  expect(listsRead()).toBe(1);
  hot[0] = { ...hot[0]!, calls: 8 };
  clock.advance(2000);
  expect(ask("hot")).toBe(8);
});
