// Messages that are well-formed and absurd, written field by field from the descriptor.
import { type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Chance } from "./chance.ts";
import { makeFittingText, type Surroundings } from "./fitting-texts.ts";
import { makeBrokenText, makeDouble, makeInteger, makeNanos, makeText } from "./hostile-values.ts";

export interface Making {
  readonly chance: Chance;
  readonly surroundings: Surroundings;
  /** The share of fields that get something hostile in place of what fits. */
  readonly hostility: number;
  /** Of messages in messages. */
  readonly depth: number;
}

/** Deeper than any message of the API; more is added by mutation. */
const MAX_DEPTH = 6;

/** Its encoding. */
export function makeMessage(message: DescMessage, making: Making): Uint8Array {
  const { chance, hostility } = making;
  const writer = new BinaryWriter();
  for (const member of message.members) {
    if (chance.often(member.kind === "oneof" ? 0.1 : 0.25)) continue;
    for (const field of chooseFields(member, making)) writeField(writer, field, making);
  }
  // Unknown fields are legal, and to be skipped.
  if (chance.often(hostility / 10)) writer.tag(chance.pick([99, 19_000, 536_870_911]), WireType.Varint).uint32(1);
  return writer.finish();
}

/** One of a oneof; sometimes several, of which the last counts. */
function chooseFields(member: DescField | DescOneof, { chance, hostility }: Making): readonly DescField[] {
  if (member.kind === "field") return chance.often(hostility / 20) ? [member, member] : [member];
  return chance.often(hostility / 5) ? member.fields : [chance.pick(member.fields)];
}

function writeField(writer: BinaryWriter, field: DescField, making: Making): void {
  const { chance } = making;
  switch (field.fieldKind) {
    case "list":
      for (let left = countItems(making); left > 0; left -= 1) writeValue(writer, field, making);
      return;
    case "map":
      for (let left = countItems(making); left > 0; left -= 1) {
        // Of few names, so that some are there twice.
        const key = chance.often(0.3) ? makeText(chance) : `x-h${chance.below(20)}`;
        writer.tag(field.number, WireType.LengthDelimited).fork();
        writer.tag(1, WireType.LengthDelimited).string(key.toWellFormed());
        writer.tag(2, WireType.LengthDelimited).string(makeText(chance).toWellFormed());
        writer.join();
      }
      return;
    default:
      writeValue(writer, field, making);
  }
}

function countItems({ chance, hostility }: Making): number {
  return chance.often(hostility / 10) ? chance.pick([0, 0, 21, 21, 101, 101, 1001]) : 1 + chance.below(3);
}

function writeValue(writer: BinaryWriter, field: DescField, making: Making): void {
  if (field.message !== undefined) {
    if (making.depth >= MAX_DEPTH) return;
    const inner = makeMessage(field.message, { ...making, depth: making.depth + 1 });
    writer.tag(field.number, WireType.LengthDelimited).bytes(inner);
    return;
  }
  if (field.enum !== undefined) {
    const numbers = [...field.enum.values.map(({ number }) => number), 99, -1, 2 ** 31 - 1];
    writer.tag(field.number, WireType.Varint).int32(making.chance.pick(numbers));
    return;
  }
  writeScalar(writer, field, making);
}

function writeScalar(writer: BinaryWriter, field: DescField, { chance, surroundings, hostility }: Making): void {
  const isHostile = chance.often(hostility);
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES: {
      const fitting = isHostile ? undefined : makeFittingText(field.name, chance, surroundings);
      const bytes = chance.often(hostility / 20) ? makeBrokenText(chance) : Buffer.from(fitting ?? makeText(chance));
      writer.tag(field.number, WireType.LengthDelimited).bytes(bytes);
      return;
    }
    case ScalarType.DOUBLE:
      writer.tag(field.number, WireType.Bit64).double(isHostile ? makeDouble(chance) : 1);
      return;
    case ScalarType.FLOAT:
      writer.tag(field.number, WireType.Bit32).float(isHostile ? makeDouble(chance) : 1);
      return;
    case ScalarType.BOOL:
      writer.tag(field.number, WireType.Varint).bool(chance.often(0.5));
      return;
    default:
      writer.tag(field.number, WireType.Varint).int64(chooseInteger(field, chance, isHostile));
  }
}

function chooseInteger(field: DescField, chance: Chance, isHostile: boolean): bigint {
  if (field.name === "nanos") return isHostile ? makeNanos(chance) : 0n;
  if (isHostile) return makeInteger(chance);
  return field.name === "seconds" ? BigInt(60 + chance.below(60)) : BigInt(1 + chance.below(50));
}
