import { type GroupPosition, type Kafka, KafkaError } from "@postrider/kit-kafka";
import {
  type EventLog,
  LogError,
  type LogReader,
  type LogRecord,
  type Position,
  type ReadBackRange,
} from "./event-log.ts";

export interface KafkaEventLogOptions {
  /** Stays its owner's: closing the log does not close it. */
  readonly kafka: Pick<Kafka, "producer" | "group" | "readRange">;
}

/**
 * The event log on Kafka. Topics are to be there (`Kafka.ensureTopics`). A reader is a member of a group: several
 * processes share its partitions, and which these are changes as they come and go.
 */
export function openKafkaEventLog({ kafka }: KafkaEventLogOptions): EventLog {
  let isClosed = false;
  return {
    writer: {
      append: async (records) => {
        if (isClosed) throw new LogError("closed", "the log is closed");
        return inLogWords(async () => kafka.producer.append(records));
      },
    },
    reader: (options) => createReader(kafka, options),
    close: async () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

function createReader(
  kafka: KafkaEventLogOptions["kafka"],
  { topic, group }: { readonly topic: string; readonly group: string },
): LogReader {
  // A group of Kafka shares out all of its topics among all of its members: each topic gets a group of its own.
  const member = kafka.group({ group: `${group}.${topic}`, topics: [topic] });
  const numbersOf = (places: readonly { readonly partition: number }[]): number[] =>
    places.map(({ partition }) => partition);
  const inTopic = (positions: readonly Position[]): GroupPosition[] =>
    positions.map((position) => ({ ...position, topic }));
  return {
    run: async (events, signal) =>
      inLogWords(async () =>
        member.run(
          {
            assigned: (positions) => events.assigned(positions.map(withoutTopic)),
            revoked: (places) => events.revoked(numbersOf(places)),
            records: ({ partition }, records) => {
              events.records(partition, records);
              return records.length;
            },
            rebalancing: () => inTopic(events.rebalancing?.() ?? []),
          },
          signal,
        ),
      ),
    pause: (partition) => {
      member.pause({ topic, partition });
    },
    resume: (partition) => {
      member.resume({ topic, partition });
    },
    commit: async (positions) => inLogWords(async () => member.commit(inTopic(positions))),
    readBack: (range) => readBack(kafka, topic, range),
  };
}

function withoutTopic({ partition, offset, metadata }: GroupPosition): Position {
  return { partition, offset, metadata };
}

async function* readBack(
  kafka: Pick<Kafka, "readRange">,
  topic: string,
  range: ReadBackRange,
): AsyncGenerator<readonly LogRecord[]> {
  try {
    yield* kafka.readRange({ ...range, topic });
  } catch (error) {
    throw asLogError(error);
  }
}

async function inLogWords<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asLogError(error);
  }
}

/** The codes are the same words; what is no Kafka's failure stays what it is. */
function asLogError(error: unknown): unknown {
  return error instanceof KafkaError ? new LogError(error.code, error.message, { cause: error }) : error;
}
