import type { GroupPosition, KafkaRecord } from "@postrider/kit-kafka";
import { decodeDoneSet } from "@postrider/kit-progress";

/** Of a partition's records from the position on, those that its metadata does not tell to be finished. */
export function findUnfinished(records: readonly KafkaRecord[], position: GroupPosition): readonly KafkaRecord[] {
  const done = decodeDoneSet(position);
  let next = 0;
  return records.filter(({ offset }) => {
    while ((done[next]?.to ?? Infinity) < offset) next += 1;
    return offset >= position.offset && offset < (done[next]?.from ?? Infinity);
  });
}
