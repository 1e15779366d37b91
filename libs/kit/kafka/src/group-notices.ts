import type { Change } from "./holdings.ts";
import type { KafkaNotice } from "./kafka-notice.ts";

/** Told after each join but the first. */
export function describeChange(group: string, { gained, kept, lost }: Change): KafkaNotice {
  return {
    kind: "group_changed",
    message: `group ${group}: ${gained.length} partitions came, ${lost.length} went, ${kept.length} stayed`,
    facts: { group, gained: gained.length, lost: lost.length, kept: kept.length },
  };
}

export interface LostRecords {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Where reading would have gone on. */
  readonly offset: number;
}

export function describeLostRecords({ group, topic, partition, offset }: LostRecords): KafkaNotice {
  return {
    kind: "records_lost_by_retention",
    message: `group ${group}: topic ${topic} partition ${partition} has nothing at offset ${offset} any more: records went unread; reading goes on with the oldest. Raise the topic's retention.ms, or the number of readers`,
    facts: { group, topic, partition, offset },
  };
}
