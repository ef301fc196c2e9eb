// `npm start`: brings the build up to date and becomes the server, in this same process, so that signals reach it directly.
// Arguments are those of `distcache serve`: npm start -- --port 7000
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensure } from "./ensure.mjs";
import { root } from "./project.mjs";

const program = join(root, "dist/cli/main.js");
try {
  await ensure();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
process.argv.splice(1, 1, program, "serve");
await import(pathToFileURL(program).href);
