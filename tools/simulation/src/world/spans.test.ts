import fc from "fast-check";
import { expect, test } from "vitest";
import { Spans } from "./spans.ts";

const span = fc.tuple(fc.nat(100), fc.nat(30)).map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));

test("covers of a stretch what is in one of the spans, however these overlap", () => {
  fc.assert(
    fc.property(fc.array(span), span, (spans, asked) => {
      const ticks = Array.from({ length: asked.toMs - asked.fromMs }, (_, index) => asked.fromMs + index);
      const covered = ticks.filter((tick) => spans.some(({ fromMs, toMs }) => fromMs <= tick && tick < toMs));
      expect(new Spans(spans).overlapMs(asked)).toBe(covered.length);
    }),
  );
});
