/** What an operator may want to know, without having to do anything about it unless it lasts. */
export interface KafkaNotice {
  /**
   * - `client`: the client library met an error that it handles itself: a connection lost, a request refused.
   * - `append_retried`: an append failed and is sent again.
   * - `commit_failed`: positions could not be committed before partitions moved: some records are given twice.
   * - `group_crashed`: a member lost its group and joins again.
   * - `group_changed`: partitions came or went.
   * - `records_lost_by_retention`: records went before they were read: reading goes on with the oldest that is there.
   * - `topic_differs`: a topic that exists is not as it would be made: no promise is broken by that, but one may be hard
   *   to keep while a broker is down.
   */
  readonly kind:
    | "client"
    | "append_retried"
    | "commit_failed"
    | "group_crashed"
    | "group_changed"
    | "records_lost_by_retention"
    | "topic_differs";
  /** One line. */
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export type NoticeSink = (notice: KafkaNotice) => void;

/** As the arguments of a structured logger's call. */
export function describeKafkaNotice({ kind, message, facts }: KafkaNotice): [facts: object, message: string] {
  return [{ ...facts, notice: kind }, `kafka: ${message}`];
}
