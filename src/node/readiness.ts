// Whether a node is ready for traffic, and if not why: what /readyz and the dashboard say.
import type { DurabilityStatus } from "../durability/durability-status.ts";
import type { Readiness } from "../metrics/readings.ts";

export type Phase = "starting" | "serving" | "stopping";

export function readinessOf(phase: Phase, durability: DurabilityStatus | undefined): Readiness {
  const reasons = [...phaseReasons(phase, durability), ...(durability?.reasons ?? [])];
  return { isReady: reasons.length === 0, reasons };
}

function phaseReasons(phase: Phase, durability: DurabilityStatus | undefined): string[] {
  if (phase === "stopping") return ["stopping"];
  if (phase === "serving") return [];
  const loading = durability?.loading;
  if (loading === undefined || loading.totalBytes === 0) return ["starting"];
  return [`loading: ${Math.floor((100 * loading.doneBytes) / loading.totalBytes)} % of what is on disk`];
}
