// Long work of the addon as a promise: native/addon/job.cc.
import { loadAddon } from "./addon.ts";

type JobReference = object & { readonly __brand: "job" };

export interface RawJob<Value> {
  readonly promise: Promise<Value>;
  readonly job: JobReference;
}

interface JobExports {
  jobProgress(job: JobReference): number;
  jobCancel(job: JobReference): void;
}

/** Told now and then how many bytes are done. */
export type OnProgress = (doneBytes: number) => void;

/** How often progress is told: often enough for a bar that moves. */
const progressEveryMs = 50;

/** The job's value. A signal that aborts makes it reject with CLOSED soon. */
export async function runJob<Value>(
  { promise, job }: RawJob<Value>,
  onProgress?: OnProgress,
  signal?: AbortSignal,
): Promise<Value> {
  const addon = loadAddon<JobExports>();
  const timer = onProgress && setInterval(() => onProgress(addon.jobProgress(job)), progressEveryMs);
  const cancel = (): void => addon.jobCancel(job);
  signal?.addEventListener("abort", cancel);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", cancel);
  }
}
