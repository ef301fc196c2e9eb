// Vitest's settings. Test folders: unit (pure TypeScript), addon (the built addon), conformance (replies compared with
// redis-server), integration, cluster, recovery, fault and browser (whole nodes as child processes).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: false,
  },
});
