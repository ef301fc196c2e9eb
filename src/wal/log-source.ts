// Where the log writer's bytes come from: the native log buffer, or a stand-in in tests.

/** The finished, gapless prefix of what waits. Valid until release. */
export interface LogBatch {
  readonly bytes: Uint8Array;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface LogSource {
  /** At most about maxBytes, at least one record when one is finished; undefined when nothing is. One batch at a time. */
  take(maxBytes: number): LogBatch | undefined;
  /** Frees the room of the batch that was taken, and lets writers go on that waited for it. */
  release(): void;
  /** The newest record's sequence number; 0 before the first. */
  lastSequence(): number;
  /** Bytes that wait to be taken. */
  pendingBytes(): number;
}

export const fsyncPolicies = ["always", "everysec", "no"] as const;
export type FsyncPolicy = (typeof fsyncPolicies)[number];
