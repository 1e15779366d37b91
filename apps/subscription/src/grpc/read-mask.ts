import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";

/** More than any message has fields. */
const MAX_PATHS = 100;

/**
 * The fields that an update_mask names, in the domain's words.
 * @param fields each path that may be named, in proto's spelling, with its field of the domain
 * @throws {RpcError} `invalid_argument` for a path that is not among them; it lists them
 */
export function readMask<Field>(paths: readonly string[], fields: Readonly<Record<string, Field>>): readonly Field[] {
  const known = new Map(Object.entries(fields));
  if (paths.length > MAX_PATHS) {
    const description = `has ${paths.length} paths; at most ${MAX_PATHS} are allowed`;
    throw RpcError.invalid([{ field: "update_mask", description }]);
  }
  return paths.map((path) => {
    const field = known.get(path);
    if (field !== undefined) return field;
    const description = `${quote(path)} is not a field that can be updated; these can: ${[...known.keys()].join(", ")}`;
    throw RpcError.invalid([{ field: "update_mask", description }]);
  });
}

/** The named fields of an object. */
export function pick<Whole>(whole: Whole, fields: readonly (keyof Whole)[]): Partial<Whole> {
  const picked: Partial<Whole> = {};
  for (const field of fields) picked[field] = whole[field];
  return picked;
}
