import { defineConfig } from "vitest/config";

/** End-to-end tests that compare delays or rates: what else runs at the time would be measured too. */
const MEASURED = [
  "tools/chaos/{backlog,chaos,deferred-crowd,delay-tiers,graceful-drain,isolation,rate,scaling,subscription-away}.e2e.test.ts",
  "apps/standalone/src/schedule.e2e.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      {
        // Pure: no IO, no processes. Not isolated from each other, which saves most of their cost.
        test: {
          name: "unit",
          include: ["{apps,libs,tools}/**/*.test.ts"],
          exclude: ["**/*.{int,stack,e2e}.test.ts", "**/node_modules/**"],
          isolate: false,
        },
      },
      {
        // One part with its real neighbour: files, sockets, threads.
        test: {
          name: "integration",
          include: ["{apps,libs,tools,examples}/**/*.int.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 30_000,
        },
      },
      {
        // One part with a real Kafka or PostgreSQL: tools/stack starts them, once for all.
        test: {
          name: "stack",
          globalSetup: "tools/stack/vitest-setup.ts",
          include: ["{apps,libs,tools}/**/*.stack.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The whole platform in processes of its own.
        test: {
          name: "end-to-end",
          globalSetup: "tools/stack/vitest-setup.ts",
          include: ["{apps,libs,tools,examples}/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**", ...MEASURED],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The same, where time is looked at: one file after another, and nothing beside them.
        test: {
          name: "measured",
          globalSetup: "tools/stack/vitest-setup.ts",
          include: MEASURED,
          exclude: ["**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
    maxWorkers: 2,
  },
});
