import fc from "fast-check";
import { expect, test } from "vitest";
import { ValuePacker, ValueReader } from "./packed-values.ts";

const value = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.constant(null), fc.uint8Array());

test("values come out in the order and as they went in, also through a clone with the bytes transferred", () => {
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const packer = new ValuePacker();
      for (const each of values) packer.add(each);
      const packed = packer.finish();
      const received = structuredClone(packed, { transfer: [packed.bytes.buffer] });
      expect(new ValueReader(received).take(values.length)).toEqual(values);
    }),
  );
});
