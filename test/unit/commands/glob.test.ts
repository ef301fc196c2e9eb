import { describe, expect, test } from "vitest";
import { matchesGlob } from "../../../src/commands/glob.ts";

describe("matchesGlob", () => {
  test.each([
    ["*", "", true],
    ["*", "abc", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a*c", "abbbc", true],
    ["a*c", "abbb", false],
    ["*b*d", "abcbd", true],
    ["[a-c]x", "bx", true],
    ["[c-a]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["[\\]]", "]", true],
    ["[a", "a", true],
    ["", "", true],
    ["", "a", false],
    ["max*", "maxmemory", true],
  ])("%s and %s: %s", (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches);
  });

  test("many stars against a long text that does not match come to an end", () => {
    expect(matchesGlob(`${"*a".repeat(50)}b`, "a".repeat(20_000))).toBe(false);
  });
});
