// Loads the addon, once an environment (the main thread and each worker thread have one of their own), at first use.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { DistCacheError, messageOf } from "../base/errors.ts";

/** Bytes as the border takes them: a string is taken as UTF-8. */
export type Bytes = string | Uint8Array;

/** Both src/native/ and dist/native/ lie two folders below the project's root. */
const addonPath = fileURLToPath(new URL("../../build/Release/distcache.node", import.meta.url));

let loaded: object | undefined;

/** The addon's exports. Each file of src/native/ says which of them it uses, by its own interface. */
export function loadAddon<Exports extends object>(): Exports {
  loaded ??= open();
  return loaded as Exports;
}

function open(): object {
  if (!existsSync(addonPath)) {
    throw new DistCacheError("ADDON_MISSING", `the addon is not built (${addonPath}): run npm run build`);
  }
  try {
    const addon = createRequire(import.meta.url)(addonPath) as { initialise(errorClass: typeof DistCacheError): void };
    addon.initialise(DistCacheError);
    return addon;
  } catch (error) {
    throw new DistCacheError("ADDON_MISSING", `the addon can not be loaded: ${messageOf(error)}`, { cause: error });
  }
}
