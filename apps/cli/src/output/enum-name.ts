/**
 * The short name of a protobuf enum's value: STATE_PAUSED is PAUSED.
 * @param prefix what every name of the enum begins with
 */
export function enumName(values: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = Object.keys(values).find((candidate) => values[candidate] === value);
  return name?.startsWith(prefix) ? name.slice(prefix.length) : `UNKNOWN_${value}`;
}
