import { expect, test } from "vitest";
import { runFuzz } from "./run-fuzz.ts";

/** Less than `npm run fuzz` sends, for the time that it takes; what failed once stays found by its seed. */
const REQUESTS = 4000;

test.each([
  ["a seed that stays", 20_261_124],
  ["a new seed", Math.floor(Math.random() * 1e9)],
])("nothing that is sent brings the platform down, or is its fault: %s, %d", { timeout: 600_000 }, async (_, seed) => {
  const result = await runFuzz({ seed, requests: REQUESTS, inFlight: 48, say: () => undefined });
  expect(result.problems).toEqual([]);
  expect(result.sent).toBe(REQUESTS);
  expect(result.served).toBeGreaterThan(0);
  // All of them were asked, and not everything was refused at once.
  expect(result.methods).toEqual(
    expect.arrayContaining(["postrider.v1.IngestService/Publish", "grpc.health.v1.Health/Check"]),
  );
  expect(result.answers.get("OK")).toBeGreaterThan(REQUESTS / 10);
  expect(result.answers.get("INVALID_ARGUMENT")).toBeGreaterThan(REQUESTS / 10);
});
