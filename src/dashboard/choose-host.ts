// Which HTTP server carries the dashboard: uWebSockets.js where its native binary loads, else node:http with ws.
import { createRequire } from "node:module";
import type { DashboardHost, HostHandlers } from "./host.ts";
import { UwsHost, type UwsModule } from "./uws-host.ts";

export type HostChoice = "auto" | "uWebSockets.js" | "node:http";

/** Throws when uWebSockets.js is asked for by name and can not be had. */
export async function chooseHost(choice: HostChoice, handlers: HostHandlers): Promise<DashboardHost> {
  const uws = choice === "node:http" ? undefined : loadUws();
  if (uws !== undefined) return new UwsHost(uws, handlers);
  if (choice === "uWebSockets.js") throw new Error("uWebSockets.js has no native binary for this Node.js");
  const { NodeHost } = await import("./node-host.ts");
  return new NodeHost(handlers);
}

/**
 * The module, when it is native. Where no binary fits, the packaged build warns on the console and answers with an
 * incomplete version in JavaScript: it is known by functions that are not native code, and its warning is held back.
 */
export function loadUws(): UwsModule | undefined {
  const warn = console.warn;
  console.warn = () => {};
  try {
    const uws = createRequire(import.meta.url)("uWebSockets.js") as UwsModule;
    return isNative(uws) ? uws : undefined;
  } catch {
    return undefined;
  } finally {
    console.warn = warn;
  }
}

function isNative(uws: UwsModule): boolean {
  return typeof uws.App === "function" && /\[native code\]/.test(Function.prototype.toString.call(uws.App));
}
