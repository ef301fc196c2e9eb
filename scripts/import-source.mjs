// Imports a module of src/ for generators and checks, whether or not dist/ is built: compiles src/ into a folder of its own
// below node_modules, once a process.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { capture, packageBin, root } from "./project.mjs";

const directory = "node_modules/.cache/distcache-sources";
let isCompiled = false;

/** The exports of src/<path>, such as "config/schema.ts". Throws when src/ does not compile. */
export async function importSource(path) {
  if (!isCompiled) {
    const args = ["-p", "tsconfig.json", "--outDir", directory, "--declaration", "false", "--sourceMap", "false"];
    const { code, output } = capture(packageBin("tsc"), args);
    if (code !== 0) throw new Error(`src/ does not compile:\n${output}`);
    isCompiled = true;
  }
  return import(pathToFileURL(join(root, directory, path.replace(/\.ts$/, ".js"))).href);
}
