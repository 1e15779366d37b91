// Encodings that are no longer what they were.
import { Buffer } from "node:buffer";
import type { Chance } from "./chance.ts";

type Mutation = (bytes: Buffer, chance: Chance) => Buffer;

const at = (bytes: Buffer, chance: Chance): number => chance.below(bytes.length + 1);

function insert(bytes: Buffer, index: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, index), inserted, bytes.subarray(index)]);
}

const MUTATIONS: readonly Mutation[] = [
  // A bit, a byte.
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    const index = chance.below(Math.max(1, copy.length));
    if (copy.length > 0) copy.writeUInt8(copy.readUInt8(index) ^ (1 << chance.below(8)), index);
    return copy;
  },
  (bytes, chance) => {
    const index = at(bytes, chance);
    return Buffer.concat([bytes.subarray(0, index), chance.bytes(1), bytes.subarray(index + 1)]);
  },
  // Cut, doubled, filled up.
  (bytes, chance) => bytes.subarray(0, at(bytes, chance)),
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes, chance) => insert(bytes, at(bytes, chance), chance.bytes(1 + chance.below(16))),
  (bytes, chance) => insert(bytes, at(bytes, chance), bytes.subarray(at(bytes, chance))),
  // Varints of ten bytes and more; lengths beyond the end.
  (bytes, chance) => insert(bytes, at(bytes, chance), Buffer.from("ffffffffffffffffff01", "hex")),
  (bytes, chance) => insert(bytes, at(bytes, chance), Buffer.alloc(20, 0xff)),
  (bytes, chance) =>
    insert(bytes, at(bytes, chance), Buffer.from([8 * (1 + chance.below(15)) + 2, 0xff, 0xff, 0xff, 0x7f])),
  // The same fields with another wire type.
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy.writeUInt8((copy.readUInt8(0) & 0xf8) | chance.below(8), 0);
    return copy;
  },
  // Messages and groups in each other, deeper than any stack.
  (_, chance) => nest(1 + chance.below(2), chance.pick([50, 101, 400])),
  (_, chance) => Buffer.alloc(chance.pick([100, 10_000]), 8 * (1 + chance.below(15)) + 3),
];

/** Bytes in which each is the content of the one before, by the same field. */
function nest(field: number, depth: number): Buffer {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth && inner.length < 60_000; level += 1) {
    inner = Buffer.concat([Buffer.from([8 * field + 2, ...varint(inner.length)]), inner]);
  }
  return inner;
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** One to four mutations, one after another. */
export function mutateBytes(bytes: Uint8Array, chance: Chance): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let left = 1 + chance.below(4); left > 0; left -= 1) mutated = chance.pick(MUTATIONS)(mutated, chance);
  return mutated;
}
