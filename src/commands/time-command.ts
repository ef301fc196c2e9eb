// TIME: the node's wall clock, in seconds and microseconds.
import type { Clock } from "../base/clock.ts";
import type { CommandRegistry } from "./registry.ts";

export function registerTimeCommand(registry: CommandRegistry, clock: Clock): void {
  registry.add("TIME", () => {
    const nowMs = clock.nowMs();
    const seconds = Math.floor(nowMs / 1000);
    return [String(seconds), String(Math.floor((nowMs - seconds * 1000) * 1000))];
  });
}
