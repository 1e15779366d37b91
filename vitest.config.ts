import { defineConfig } from "vitest/config";

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
        // The whole platform in processes of its own, one file after another.
        test: {
          name: "end-to-end",
          globalSetup: "tools/stack/vitest-setup.ts",
          include: ["{apps,libs,tools,examples}/**/*.e2e.test.ts"],
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
