// Whether a build output is older than what it is made from. A stamp lies inside the output it speaks for, so deleting
// the output deletes the stamp. It keeps two digests of the inputs: one of names, sizes and times, read at every start, and
// one of the contents, read only when the first has changed (a checkout touches times without changing contents).
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./project.mjs";

function digest(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}

function digestTimes(inputs, extra) {
  return digest([
    extra,
    ...inputs.map((path) => {
      const { size, mtimeMs } = statSync(join(root, path));
      return `${path} ${size} ${mtimeMs}`;
    }),
  ]);
}

function digestContents(inputs, extra) {
  return digest([extra, ...inputs.flatMap((path) => [path, readFileSync(join(root, path))])]);
}

function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

/** What a stamp says of these inputs as they are now; `extra` is any text the output also depends on. */
export function describeInputs(inputs, extra = "") {
  return { times: digestTimes(inputs, extra), contents: digestContents(inputs, extra) };
}

/** True when the stamp was written for inputs like these. */
export function isFresh(stampPath, inputs, extra = "") {
  const path = join(root, stampPath);
  if (!existsSync(path)) return false;
  const stamp = readStamp(path);
  if (stamp.times === digestTimes(inputs, extra)) return true;
  if (stamp.contents !== digestContents(inputs, extra)) return false;
  writeStamp(stampPath, describeInputs(inputs, extra));
  return true;
}

/**
 * Records that the output beside `stampPath` was made from what `description` describes. Describe the inputs before
 * building: a source that changes during the build must make the output stale.
 */
export function writeStamp(stampPath, description) {
  const path = join(root, stampPath);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(description)}\n`);
}
