import { defineConfig } from "vitest/config";

/**
 * The tiers of docs/architecture.md ("Tests"). Tiers 1 and 2 sit beside the code; the rest span more than one node and
 * run against the built pack in dist/. Most of these wait for servers and browsers, each of its own, and run in pairs;
 * those that kill and count processes run alone.
 */
const shared = { testTimeout: 30_000, hookTimeout: 60_000, setupFiles: ["test/support/property-seed.ts"] };
const serial = { ...shared, testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false };

const inPairs = { ...serial, fileParallelism: true, maxWorkers: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/summary-reporter.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: [
            "lib/**/*.test.ts",
            "kit/**/*.test.ts",
            "nodes/**/*.test.ts",
            "scripts/**/*.test.ts",
            "bench/**/*.test.mts",
          ],
        },
      },
      { test: { ...inPairs, name: "integration", include: ["test/integration/**/*.test.ts"] } },
      { test: { ...inPairs, name: "editor", include: ["test/editor/**/*.test.ts"] } },
      { test: { ...inPairs, name: "package", include: ["test/package/**/*.test.ts"] } },
      { test: { ...serial, name: "fault", include: ["test/fault/**/*.test.ts"] } },
    ],
  },
});
