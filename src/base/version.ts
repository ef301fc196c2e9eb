// The version of this package, from its package.json: both src/base/ and dist/base/ lie two folders below it.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

export const version: string = manifest.version;
