// Every text, list and map that a request can hold, from the descriptors: a new field is there without anybody remembering.
import { type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";

export interface GrowingField {
  readonly method: DescMethod;
  /** From the request to the field. */
  readonly path: readonly DescField[];
}

/** @returns in the order of the proto files */
export function findGrowingFields(method: DescMethod): readonly GrowingField[] {
  return walk(method.input, []).map((path) => ({ method, path }));
}

/** Such as subscription.event_types. */
export function formatPath({ path }: GrowingField): string {
  return path.map(({ name }) => name).join(".");
}

function walk(message: DescMessage, before: readonly DescField[]): readonly (readonly DescField[])[] {
  return message.fields.flatMap((field) => {
    const path = [...before, field];
    return [...(grows(field) ? [path] : []), ...(field.message === undefined ? [] : walk(field.message, path))];
  });
}

function grows({ fieldKind, scalar }: DescField): boolean {
  return fieldKind === "list" || fieldKind === "map" || scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}
