// What must never be in a committed file: paths of one machine, hosts of package registries, credentials, and marks
// of an unfinished merge. The patterns are put together from pieces so that this file passes its own check.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { capture, listFiles, root } from "./project.mjs";

const slash = "/";
const rules = [
  {
    name: "a path of one machine",
    pattern: new RegExp(`(^|[\\s"'\`(=:])${slash}(work|root|home${slash}[a-z][a-z0-9]*|Users)${slash}[\\w.]`, "m"),
  },
  {
    name: "a package registry's host",
    pattern: new RegExp(["registry\\.[\\w-]+\\.(org|com)", "np" + "mjs\\.(org|com)", "arti" + "factory"].join("|")),
  },
  { name: "a private key", pattern: new RegExp(`-----BEGIN [A-Z ]*${"PRIVATE"} KEY`) },
  { name: "a merge mark", pattern: /^(<{7}|>{7}) /m },
];

/** Files that git knows or would add; without git, everything but outputs. */
function committedFiles() {
  const listed = capture("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  if (listed.code === 0) return listed.stdout.split("\n").filter((path) => path !== "");
  return listFiles(".").filter((path) => !/^(node_modules|dist|build[^/]*|\.git)\//.test(path));
}

function readText(path) {
  try {
    const bytes = readFileSync(join(root, path));
    return bytes.includes(0) ? "" : bytes.toString("utf8");
  } catch {
    return "";
  }
}

/** One line for each broken rule: where, and which. */
export function findContentViolations() {
  return committedFiles().flatMap((path) => {
    const text = readText(path);
    return rules
      .filter(({ pattern }) => pattern.test(text))
      .map(({ name, pattern }) => {
        const { index } = pattern.exec(text);
        return `${path}:${text.slice(0, index + 1).split("\n").length}: ${name}`;
      });
  });
}
