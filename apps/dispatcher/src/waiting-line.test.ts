import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitingLine } from "./waiting-line.ts";

test("gives back in the order in which it was given, over any mix of coming and going", () => {
  const steps = fc.array(fc.boolean(), { maxLength: 3000, size: "max" });
  fc.assert(
    fc.property(steps, (pushes) => {
      const line = new WaitingLine<number>();
      const model: number[] = [];
      pushes.forEach((isPush, index) => {
        if (isPush) {
          line.push(index);
          model.push(index);
        } else {
          expect(line.shift()).toBe(model.shift());
        }
        expect([line.length, line.first]).toEqual([model.length, model[0]]);
      });
    }),
    { numRuns: 50 },
  );
});
