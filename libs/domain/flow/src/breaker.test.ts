import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Breaker, DEFAULT_BREAKER_POLICY } from "./breaker.ts";

const NOW_MS = 1_700_000_000_000;
const { consecutiveFailures, firstOpenMs, maxOpenMs, probeMs, windowMs } = DEFAULT_BREAKER_POLICY;

function failMany(breaker: Breaker, nowMs: number, count = consecutiveFailures): void {
  for (let failure = 0; failure < count; failure++) breaker.fail(nowMs, nowMs - 5);
}

function createOpen(random = 0): Breaker {
  const breaker = new Breaker(() => random);
  failMany(breaker, NOW_MS);
  return breaker;
}

/** Sends the probe as soon as it may, and has it fail 10 ms later; gives the time at which it opened again. */
function failProbe(breaker: Breaker): number {
  const probeAtMs = breaker.openUntilMs;
  breaker.start(probeAtMs);
  breaker.fail(probeAtMs + 10, probeAtMs);
  return probeAtMs + 10;
}

describe("opens", () => {
  test("after failures in a row, not if a success is among them", () => {
    const breaker = new Breaker(() => 0);
    failMany(breaker, NOW_MS, consecutiveFailures - 1);
    breaker.succeed(NOW_MS, NOW_MS - 5);
    failMany(breaker, NOW_MS, consecutiveFailures - 1);
    expect(breaker.state).toBe("closed");
    failMany(breaker, NOW_MS, 1);
    expect(breaker.state).toBe("open");
    expect(breaker.openUntilMs).toBe(NOW_MS + firstOpenMs);
    expect([breaker.canStart(NOW_MS), breaker.canStart(NOW_MS + firstOpenMs - 1)]).toEqual([false, false]);
    expect(breaker.canStart(NOW_MS + firstOpenMs)).toBe(true);
  });

  /** Four failures, then a success, and so on. */
  const live = (attempts: number, intervalMs: number): Breaker => {
    const breaker = new Breaker(() => 0);
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const nowMs = NOW_MS + attempt * intervalMs;
      if (attempt % 5 === 0) breaker.succeed(nowMs, nowMs - 1);
      else breaker.fail(nowMs, nowMs - 1);
    }
    return breaker;
  };

  test("after a window with nearly nothing but failures", () => {
    expect(live(19, 100).state).toBe("closed");
    expect(live(24, 100).state).toBe("open");
  });

  test("not for failures that are older than the window", () => {
    expect(live(1000, windowMs / 10).state).toBe("closed");
  });

  test("not for an endpoint with half of its answers good", () => {
    const breaker = new Breaker(() => 0);
    for (let nowMs = NOW_MS; nowMs < NOW_MS + 60_000; nowMs += 20) {
      breaker.fail(nowMs, nowMs - 10);
      breaker.succeed(nowMs + 10, nowMs);
    }
    expect(breaker.state).toBe("closed");
  });
});

describe("when open", () => {
  test("takes no notice of what was out already", () => {
    const breaker = createOpen();
    breaker.fail(NOW_MS + 10, NOW_MS - 100);
    breaker.succeed(NOW_MS + 20, NOW_MS - 100);
    expect([breaker.state, breaker.openUntilMs]).toEqual(["open", NOW_MS + firstOpenMs]);
    breaker.start(NOW_MS + firstOpenMs);
    expect(breaker.succeed(NOW_MS + firstOpenMs + 1, NOW_MS - 100)).toBe(false);
    expect(breaker.state).toBe("half_open");
  });

  test("stays open twice as long each time that a probe fails, up to the longest", () => {
    const breaker = createOpen();
    const openMs = Array.from({ length: 8 }, () => {
      const openedAtMs = failProbe(breaker);
      return breaker.openUntilMs - openedAtMs;
    });
    expect(openMs).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, maxOpenMs, maxOpenMs, maxOpenMs]);
  });

  test("goes on doubling for an endpoint that fails again soon after it came back, and begins anew otherwise", () => {
    const breaker = createOpen();
    const closedAtMs = failProbe(breaker) + 10_000;
    breaker.start(closedAtMs - 1);
    breaker.succeed(closedAtMs, closedAtMs - 1);
    failMany(breaker, closedAtMs + 6000);
    expect(breaker.openUntilMs - (closedAtMs + 6000)).toBe(20_000);
    const againMs = breaker.openUntilMs + 1;
    breaker.start(againMs);
    breaker.succeed(againMs + 1, againMs);
    failMany(breaker, againMs + 21_000);
    expect(breaker.openUntilMs - (againMs + 21_000)).toBe(firstOpenMs);
  });

  test("stays up to a fifth longer, by chance", () => {
    expect(createOpen(0.5).openUntilMs).toBe(NOW_MS + firstOpenMs * 1.1);
    expect(createOpen(1 - 2 ** -53).openUntilMs).toBe(NOW_MS + firstOpenMs * 1.2);
  });
});

describe("when half open", () => {
  const probedAtMs = NOW_MS + firstOpenMs;
  const createProbing = (): Breaker => {
    const breaker = createOpen();
    breaker.start(probedAtMs);
    return breaker;
  };

  test("closes as its probe goes well", () => {
    const breaker = createProbing();
    expect(breaker.canStart(probedAtMs + 5)).toBe(false);
    expect(breaker.succeed(probedAtMs + 10, probedAtMs)).toBe(true);
    expect([breaker.state, breaker.canStart(probedAtMs + 10), breaker.openUntilMs]).toEqual(["closed", true, 0]);
  });

  test("takes no notice, once closed again, of failures that were out when it opened", () => {
    const breaker = createProbing();
    breaker.succeed(probedAtMs + 10, probedAtMs);
    for (let late = 0; late < consecutiveFailures; late++) breaker.fail(probedAtMs + 20, NOW_MS - 5);
    expect(breaker.state).toBe("closed");
    failMany(breaker, probedAtMs + 30);
    expect(breaker.state).toBe("open");
  });

  test("lets the next probe start when one ended that said nothing", () => {
    const breaker = createProbing();
    breaker.release(NOW_MS - 100);
    expect(breaker.canStart(probedAtMs + 10)).toBe(false);
    breaker.release(probedAtMs);
    expect([breaker.state, breaker.canStart(probedAtMs + 10)]).toEqual(["half_open", true]);
  });

  test("lets the next probe start when one is overdue", () => {
    const breaker = createProbing();
    expect(breaker.canStart(probedAtMs + probeMs - 1)).toBe(false);
    expect(breaker.canStart(probedAtMs + probeMs)).toBe(true);
  });

  test("lets no third start when the overdue one ends, with nothing learnt, while the second is out", () => {
    const breaker = createProbing();
    breaker.start(probedAtMs + probeMs);
    breaker.release(probedAtMs);
    expect(breaker.canStart(probedAtMs + probeMs + 1)).toBe(false);
  });
});

test("leaves open too when the wall clock steps back", () => {
  const breaker = createOpen();
  const backMs = NOW_MS - 3_600_000;
  expect(breaker.canStart(backMs)).toBe(true);
  breaker.start(backMs);
  expect(breaker.succeed(backMs + 10, backMs)).toBe(true);
});

interface Step {
  readonly passedMs: number;
  readonly kind: "start" | "succeed" | "fail" | "release";
  readonly chosen: number;
}

const steps = fc.array(
  fc.record<Step>({
    passedMs: fc.oneof(fc.nat(200), fc.nat(20_000)),
    kind: fc.constantFrom("start", "start", "start", "succeed", "fail", "fail", "fail", "release"),
    chosen: fc.nat(),
  }),
  { maxLength: 300, size: "max" },
);

/** Lives the steps as a room would, and looks at it before each start. */
function live(breaker: Breaker, life: readonly Step[], look: (nowMs: number, running: readonly number[]) => void) {
  const running: number[] = [];
  let nowMs = NOW_MS;
  for (const { passedMs, kind, chosen } of life) {
    nowMs += passedMs;
    look(nowMs, running);
    if (kind === "start") {
      if (!breaker.canStart(nowMs)) continue;
      breaker.start(nowMs);
      running.push(nowMs);
      continue;
    }
    const [startedAtMs] = running.splice(chosen % Math.max(1, running.length), 1);
    if (startedAtMs === undefined) continue;
    if (kind === "release") breaker.release(startedAtMs);
    else breaker[kind](nowMs, startedAtMs);
  }
}

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("always leaves open, after no longer than the longest time", () => {
  fc.assert(
    fc.property(chance, steps, (random, life) => {
      const breaker = new Breaker(() => random);
      live(breaker, life, (nowMs) => {
        expect(breaker.openUntilMs).toBeLessThanOrEqual(nowMs + Math.ceil(maxOpenMs * 1.2));
        if (breaker.state === "open") expect(breaker.canStart(breaker.openUntilMs)).toBe(true);
        if (breaker.state !== "closed") expect(breaker.canStart(nowMs + 2 * maxOpenMs)).toBe(true);
      });
    }),
  );
});

test("has one probe out at a time that is not overdue, and starts none while open", () => {
  fc.assert(
    fc.property(chance, steps, (random, life) => {
      const breaker = new Breaker(() => random);
      let openUntilMs = 0;
      live(breaker, life, (nowMs, running) => {
        if (breaker.state === "open") {
          ({ openUntilMs } = breaker);
          expect(breaker.canStart(nowMs)).toBe(nowMs >= openUntilMs);
        }
        if (breaker.state !== "half_open") return;
        const probes = running.filter((atMs) => atMs >= openUntilMs && atMs > nowMs - probeMs);
        expect(probes.length).toBeLessThanOrEqual(1);
        if (probes.length === 1) expect(breaker.canStart(nowMs)).toBe(false);
      });
    }),
  );
});
