// What `npm start` rebuilds: an output is fresh only for the inputs it was made from.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../../../scripts/project.mjs";
import { describeInputs, isFresh, writeStamp } from "../../../scripts/stamp.mjs";

let directory = "";
let input = "";
let stamp = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "distcache-stamp-"));
  input = relative(root, join(directory, "source.cc"));
  stamp = relative(root, join(directory, "out/.stamp.json"));
  writeFileSync(join(root, input), "one");
});

afterEach(() => rmSync(directory, { recursive: true }));

test("an output without a stamp is stale", () => {
  expect(isFresh(stamp, [input])).toBe(false);
});

test("an output is fresh until an input's contents change", () => {
  writeStamp(stamp, describeInputs([input]));
  expect(isFresh(stamp, [input])).toBe(true);
  writeFileSync(join(root, input), "three");
  expect(isFresh(stamp, [input])).toBe(false);
});

test("a changed time alone does not make an output stale", () => {
  writeStamp(stamp, describeInputs([input]));
  utimesSync(join(root, input), 1, 1);
  expect(isFresh(stamp, [input])).toBe(true);
});

test("a new input makes an output stale", () => {
  writeStamp(stamp, describeInputs([input]));
  const added = relative(root, join(directory, "added.cc"));
  writeFileSync(join(root, added), "one");
  expect(isFresh(stamp, [input, added])).toBe(false);
});

test("another setting makes an output stale", () => {
  writeStamp(stamp, describeInputs([input], "-O1"));
  expect(isFresh(stamp, [input], "-O1")).toBe(true);
  expect(isFresh(stamp, [input], "-O3")).toBe(false);
});

test("an input that changes while the output is built makes it stale", () => {
  const description = describeInputs([input]);
  writeFileSync(join(root, input), "changed meanwhile");
  writeStamp(stamp, description);
  expect(isFresh(stamp, [input])).toBe(false);
});

test("an unreadable stamp makes an output stale", () => {
  writeStamp(stamp, describeInputs([input]));
  writeFileSync(join(root, stamp), "{");
  expect(isFresh(stamp, [input])).toBe(false);
});
