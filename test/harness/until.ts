// Waiting for a condition with a deadline, where a test's own poll is not to be had (hooks).

/** Resolves when `condition` holds; rejects when it does not in time. An attempt that throws counts as not yet. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  deadlineMs = 60_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const holds = await Promise.resolve()
      .then(condition)
      .catch(() => false);
    if (holds) return;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
