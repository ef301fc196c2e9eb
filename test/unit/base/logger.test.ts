import { expect, test } from "vitest";
import { renderLine } from "../../../src/base/logger.ts";

test("a line for people has time, message and fields, and the level when it matters", () => {
  const time = "2026-01-02T03:04:05.678Z";
  const info = { level: 30, time, node: "a", msg: "ready", port: 7000 };
  expect(renderLine(JSON.stringify(info))).toBe("03:04:05 ready port=7000\n");
  expect(renderLine(JSON.stringify({ level: 40, time, msg: "slow" }))).toBe("03:04:05 WARN slow\n");
});
