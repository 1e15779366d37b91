import { expect, test } from "vitest";
import { runServices, type Service, systemClock } from "./index.ts";

function recording(name: string, log: string[]): Service {
  return {
    name,
    run: async (signal) =>
      new Promise((resolve) => {
        log.push(`${name} started`);
        signal.addEventListener("abort", () => {
          log.push(`${name} stopped`);
          resolve();
        });
      }),
  };
}

test("services stop in reverse order, each after the one that was started later", async () => {
  const log: string[] = [];
  const stopping = new AbortController();
  const ended = runServices([recording("log", log), recording("server", log)], {
    signal: stopping.signal,
    clock: systemClock,
    graceMs: 1000,
  });
  stopping.abort();
  await ended;
  expect(log).toEqual(["log started", "server started", "server stopped", "log stopped"]);
});

test("a failing service stops the others, and its failure is told", async () => {
  const log: string[] = [];
  const failing: Service = { name: "failing", run: async () => Promise.reject(new Error("disk on fire")) };
  const ended = runServices([recording("log", log), failing], {
    signal: new AbortController().signal,
    clock: systemClock,
    graceMs: 1000,
  });
  await expect(ended).rejects.toThrow("disk on fire");
  expect(log).toEqual(["log started", "log stopped"]);
});

test("a service that does not end in time is named", async () => {
  const stuck: Service = { name: "stuck", run: async () => new Promise(() => undefined) };
  const stopping = new AbortController();
  const ended = runServices([stuck], { signal: stopping.signal, clock: systemClock, graceMs: 5 });
  stopping.abort();
  await expect(ended).rejects.toThrow("stuck did not end within the grace time");
});
