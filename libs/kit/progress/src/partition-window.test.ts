import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WindowPosition } from "./done-set.ts";
import { PartitionWindow, type PartitionWindowOptions } from "./partition-window.ts";

const START: WindowPosition = { offset: 0, metadata: "" };

function windowFrom(position = START, bounds: Partial<PartitionWindowOptions> = {}): PartitionWindow {
  return new PartitionWindow({ position, maxRecords: 50_000, maxBytes: 1e9, maxMetadataChars: 3072, ...bounds });
}

function admitAll(window: PartitionWindow, from: number, to: number): void {
  for (let offset = from; offset <= to; offset++) window.admit(offset, 100);
}

describe("the position", () => {
  test("is where it began until something is admitted", () => {
    expect(windowFrom({ offset: 7, metadata: "" }).position()).toEqual({ offset: 7, metadata: "" });
  });

  test("is the lowest unfinished offset, or the one after the highest", () => {
    const window = windowFrom();
    admitAll(window, 0, 3);
    window.finish(2);
    expect(window.position().offset).toBe(0);
    window.finish(0);
    expect(window.position().offset).toBe(1);
    window.finish(1);
    expect(window.position().offset).toBe(3);
    window.finish(3);
    expect(window.position()).toEqual({ offset: 4, metadata: "" });
  });

  test("steps over offsets that don't exist", () => {
    const window = windowFrom();
    for (const offset of [3, 10, 11, 90]) window.admit(offset, 1);
    expect(window.position().offset).toBe(3);
    for (const offset of [3, 10, 11]) window.finish(offset);
    expect(window.position().offset).toBe(90);
    window.finish(90);
    expect(window.position().offset).toBe(91);
    window.admit(100, 1);
    expect(window.position().offset).toBe(100);
  });
});

test("finishing twice, late, or something unknown changes nothing", () => {
  const window = windowFrom();
  admitAll(window, 0, 2);
  window.finish(1);
  const before = window.position();
  for (const offset of [1, 99, -1]) window.finish(offset);
  expect(window.position()).toEqual(before);
  expect(window.unfinishedCount).toBe(2);
});

test("after a restart what was finished is skipped, what was not is admitted again", () => {
  const before = windowFrom();
  admitAll(before, 0, 9);
  for (const offset of [0, 2, 3, 4, 7, 9]) before.finish(offset);

  const after = windowFrom(before.position());
  const again = Array.from({ length: 11 }, (_, offset) => offset).filter((offset) => !after.shouldSkip(offset));
  expect(again).toEqual([1, 5, 6, 8, 10]);
  for (const offset of again) after.admit(offset, 1);
  for (const offset of [1, 5, 6]) after.finish(offset);
  expect(after.position().offset).toBe(8);
  after.finish(8);
  expect(after.position().offset).toBe(10);
});

test("what was finished before a restart is still known after the next one, although it was not reached", () => {
  const first = windowFrom();
  admitAll(first, 0, 5);
  first.finish(4);
  const second = windowFrom(first.position());
  second.admit(0, 1);
  second.finish(0);
  const third = windowFrom(second.position());
  expect(third.position().offset).toBe(1);
  expect(third.shouldSkip(4)).toBe(true);
  expect(third.shouldSkip(3)).toBe(false);
});

test("metadata that can't be understood means that everything comes again", () => {
  const window = windowFrom({ offset: 5, metadata: "something else" });
  expect(window.shouldSkip(4)).toBe(true);
  expect(window.shouldSkip(5)).toBe(false);
});

test("refuses to admit twice, with the offset and the bound", () => {
  const window = windowFrom();
  admitAll(window, 0, 5);
  expect(() => {
    window.admit(3, 1);
  }).toThrow("offset 3 is finished or was admitted before: the highest is 5");
});

test("is dirty from a finish to its commit", () => {
  const window = windowFrom();
  admitAll(window, 0, 2);
  expect(window.isDirty).toBe(false);
  window.finish(1);
  expect(window.isDirty).toBe(true);
  const position = window.position();
  window.finish(0);
  window.markCommitted(position);
  expect(window.isDirty).toBe(true);
  window.markCommitted(window.position());
  expect(window.isDirty).toBe(false);
  expect(windowFrom(position).isDirty).toBe(false);
});

describe("the bounds", () => {
  test("by count: full at it, room at half", () => {
    const window = windowFrom(START, { maxRecords: 4 });
    admitAll(window, 0, 2);
    expect(window.isFull).toBe(false);
    window.admit(3, 1);
    expect(window.isFull).toBe(true);
    window.finish(0);
    window.finish(1);
    expect([window.isFull, window.hasRoom]).toEqual([false, false]);
    window.finish(2);
    expect(window.hasRoom).toBe(true);
  });

  test("by bytes, and a record larger than the bound comes in alone", () => {
    const window = windowFrom(START, { maxBytes: 1000 });
    expect([window.isFull, window.hasRoom]).toEqual([false, true]);
    window.admit(0, 5000);
    expect([window.isFull, window.hasRoom]).toEqual([true, false]);
    window.finish(0);
    expect([window.isFull, window.hasRoom]).toEqual([false, true]);
  });

  test("by metadata, before it is too long", () => {
    const window = windowFrom();
    let offset = 0;
    // Every second one hangs.
    for (; !window.isFull; offset += 2) {
      admitAll(window, offset, offset + 1);
      window.finish(offset + 1);
    }
    expect(window.position().metadata.length).toBeLessThan(3072);
    expect(offset / 2).toBeGreaterThan(1600);
    for (let hanging = 0; hanging < offset * 0.7; hanging += 2) window.finish(hanging);
    expect(window.hasRoom).toBe(true);
  });

  test("one offset that hangs holds up nobody", () => {
    const window = windowFrom();
    window.admit(0, 100);
    for (let offset = 1; offset <= 200_000; offset++) {
      window.admit(offset, 100);
      window.finish(offset);
    }
    expect([window.isFull, window.hasRoom]).toEqual([false, true]);
    expect(window.unfinishedCount).toBe(1);
    expect(window.position().metadata.length).toBeLessThan(20);
    expect(windowFrom(window.position()).shouldSkip(200_000)).toBe(true);
  });

  test.each([
    [{ maxRecords: 0 }, "maxRecords is 0: it must be 1 or more"],
    [{ maxBytes: Number.NaN }, "maxBytes is NaN: it must be 1 or more"],
    [{ maxMetadataChars: 63 }, "maxMetadataChars is 63: it must be 64 or more"],
  ])("refuses %j", (bounds, message) => {
    expect(() => windowFrom(START, bounds)).toThrow(message);
  });
});

/** A partition's life against a naive model: reads, finishes, commits and restarts from the last commit. */
class Life {
  readonly log: readonly number[];
  readonly finishedEver = new Set<number>();
  window: PartitionWindow;
  readonly #bounds: Partial<PartitionWindowOptions>;
  #next = 0;
  #unfinished: number[] = [];
  /** What this window knows to be finished. */
  known = new Set<number>();
  #committed = START;
  #knownAtCommit = new Set<number>();

  constructor(gaps: readonly number[], bounds: Partial<PartitionWindowOptions>) {
    let offset = -1;
    this.log = gaps.map((gap) => (offset += gap));
    this.#bounds = bounds;
    this.window = windowFrom(START, bounds);
  }

  read(): void {
    const offset = this.log[this.#next];
    if (offset === undefined || this.window.isFull) return;
    this.#next++;
    if (this.window.shouldSkip(offset)) return;
    this.window.admit(offset, 1);
    this.#unfinished.push(offset);
  }

  finish(chosen: number): void {
    const [offset] = this.#unfinished.splice(chosen % Math.max(1, this.#unfinished.length), 1);
    if (offset === undefined) return;
    this.window.finish(offset);
    this.known.add(offset);
    this.finishedEver.add(offset);
    expect(this.window.unfinishedCount).toBe(this.#unfinished.length);
  }

  commit(): void {
    this.#committed = this.window.position();
    this.#knownAtCommit = new Set(this.known);
    this.window.markCommitted(this.#committed);
    expect(this.window.isDirty).toBe(false);
  }

  restart(): void {
    this.window = windowFrom(this.#committed, this.#bounds);
    this.known = new Set(this.#knownAtCommit);
    this.#unfinished = [];
    this.#next = this.log.findIndex((offset) => offset >= this.#committed.offset);
    if (this.#next < 0) this.#next = this.log.length;
  }

  /** What a window made from the position of now would skip. */
  skippedAfterRestart(): Set<number> {
    const restored = windowFrom(this.window.position(), this.#bounds);
    return new Set(this.log.filter((offset) => restored.shouldSkip(offset)));
  }
}

const gaps = fc.array(fc.oneof(fc.constant(1), fc.constant(1), fc.integer({ min: 1, max: 300 })), {
  maxLength: 80,
  size: "max",
});
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("read", "read", "read", "finish", "finish", "commit", "restart"),
    chosen: fc.nat(),
  }),
  { maxLength: 250, size: "max" },
);

function livesAre(bounds: Partial<PartitionWindowOptions>, check: (life: Life) => void): void {
  fc.assert(
    fc.property(gaps, steps, (gapsOfLog, stepsOfLife) => {
      const life = new Life(gapsOfLog, bounds);
      for (const { kind, chosen } of stepsOfLife) {
        if (kind === "finish") life.finish(chosen);
        else life[kind]();
        check(life);
      }
    }),
    { numRuns: 80 },
  );
}

test("through any life, a restart skips exactly what the window knows to be finished", () => {
  livesAre({}, (life) => {
    expect(life.skippedAfterRestart()).toEqual(life.known);
  });
});

test("through any life with too little metadata, nothing unfinished is skipped and the bound is kept", () => {
  livesAre({ maxMetadataChars: 64 }, (life) => {
    expect(life.window.position().metadata.length).toBeLessThanOrEqual(64);
    expect([...life.skippedAfterRestart()].filter((offset) => !life.finishedEver.has(offset))).toEqual([]);
  });
});

test("through any life, everything is finished in the end", () => {
  fc.assert(
    fc.property(gaps, steps, (gapsOfLog, stepsOfLife) => {
      const life = new Life(gapsOfLog, { maxRecords: 5, maxMetadataChars: 64 });
      for (const { kind, chosen } of stepsOfLife) {
        if (kind === "finish") life.finish(chosen);
        else life[kind]();
      }
      for (let i = 0; i < 400; i++) {
        life.read();
        if (life.window.isFull) life.finish(i);
      }
      while (life.window.unfinishedCount > 0) life.finish(0);
      expect(life.finishedEver).toEqual(new Set(life.log));
      expect(life.window.position().metadata).toBe("");
    }),
    { numRuns: 50 },
  );
});
