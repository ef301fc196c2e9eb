// When a snapshot is taken by itself: a pure function of what happened since the last one.

export interface SchedulePolicy {
  /** Take one this long after the last, when anything was written since; 0 = never for time. */
  readonly intervalMs: number;
  /** Take one after this many writes; 0 = never for writes. */
  readonly afterWrites: number;
  /** Take one when the log grew by this part of the last snapshot's size; 0 = never for the log's size. */
  readonly growthPercent: number;
  /** The log is never called grown below this. */
  readonly growthMinBytes: number;
}

export interface ScheduleFacts {
  readonly nowMs: number;
  /** When the last one ended well, or the node started. */
  readonly lastEndedAtMs: number;
  readonly lastDurationMs: number;
  readonly lastSizeBytes: number;
  readonly writesSince: number;
  readonly logBytesSince: number;
  /** When the last try failed, unless one succeeded since. */
  readonly failedAtMs: number | undefined;
}

/** A disk that just refused is asked again this much later. */
const retryAfterMs = 2000;

/** Writes come in faster than snapshots under load: at most a fifth of the time is spent on them. */
const restPerDuration = 4;

/** Why a snapshot is due now; undefined when none is. */
export function dueReason(
  policy: SchedulePolicy,
  facts: ScheduleFacts,
): "interval" | "writes" | "growth" | "retry" | undefined {
  const { nowMs, failedAtMs } = facts;
  if (failedAtMs !== undefined) return nowMs - failedAtMs >= retryAfterMs ? "retry" : undefined;
  if (facts.writesSince <= 0) return undefined;
  const sinceLastMs = nowMs - facts.lastEndedAtMs;
  if (sinceLastMs < facts.lastDurationMs * restPerDuration) return undefined;
  if (policy.intervalMs > 0 && sinceLastMs >= policy.intervalMs) return "interval";
  if (policy.afterWrites > 0 && facts.writesSince >= policy.afterWrites) return "writes";
  const grownBytes = Math.max(policy.growthMinBytes, (facts.lastSizeBytes * policy.growthPercent) / 100);
  if (policy.growthPercent > 0 && facts.logBytesSince >= grownBytes) return "growth";
  return undefined;
}
