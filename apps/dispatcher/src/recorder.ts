import type { AppendRecord, LogWriter } from "@postrider/kit-event-log";
import type { Deferred, DeferredTask } from "@postrider/kit-deferred";
import {
  type DeadLetter,
  decodeDeferredDelivery,
  deliveryIdOf,
  encodeAttempts,
  encodeCut,
  encodeDeadLetter,
  type RecordedAttempt,
} from "@postrider/records";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import { createGatherer } from "./gatherer.ts";
import { type Kind, persist, type PersistDeps } from "./persist.ts";

/** Attempts in one record: enough that the record's cost vanishes, and well under a broker's limit of 1 MiB. */
const MAX_ATTEMPTS_PER_RECORD = 256;
const NO_BYTES = new Uint8Array();

/**
 * Makes outcomes durable, whatever it takes: each function resolves when its record is durable, and rejects only when
 * the signal aborts. Attempts and dead letters gather while an append is out, so that a busy log gets few large ones.
 *
 * What the log refuses for good holds up nothing: an attempt goes without the answer's body, a delivery that can't be
 * deferred becomes a dead letter, and what can't be kept whole is kept cut, in quarantine. What is refused even so is
 * logged with its ids, and counted. Where not a record but our settings or rights are refused, the process ends.
 */
export interface Recorder {
  readonly recordAttempt: (attempt: RecordedAttempt) => Promise<void>;
  readonly recordDeadLetter: (letter: DeadLetter) => Promise<void>;
  readonly recordQuarantined: (record: AppendRecord) => Promise<void>;
  /** A task is a deferred delivery. */
  readonly defer: (task: DeferredTask) => Promise<void>;
}

export interface RecorderDeps extends PersistDeps {
  readonly writer: LogWriter;
  readonly deferred: Pick<Deferred, "defer">;
  readonly metrics: Pick<DispatcherMetrics, "refused">;
  /** How long an attempt waits for others before they are appended together; milliseconds. */
  readonly attemptsLingerMs: number;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const attempts = attemptsKind(deps);
  const atOnce = { clock: deps.clock, lingerMs: 0 };
  const keepsakes = keepsakesKind(deps);
  const keep = createGatherer<Keepsake>(async (batch) => persist(batch, keepsakes, deps), atOnce);
  const recordDeadLetter = async (letter: DeadLetter): Promise<void> => keep(keepsakeOf(letter));
  const tasks = tasksKind(deps, recordDeadLetter);
  return {
    recordAttempt: createGatherer<RecordedAttempt>(async (batch) => persist(batch, attempts, deps), {
      clock: deps.clock,
      lingerMs: deps.attemptsLingerMs,
    }),
    recordDeadLetter,
    recordQuarantined: (record) => keep({ kind: "quarantined", record, ids: {}, isCut: false }),
    defer: createGatherer<DeferredTask>(async (batch) => persist(batch, tasks, deps), atOnce),
  };
}

function attemptsKind(deps: RecorderDeps): Kind<RecordedAttempt> {
  const { writer, logger, metrics } = deps;
  const kind: Kind<RecordedAttempt> = {
    words: "attempts",
    write: async (batch) => {
      const records: AppendRecord[] = [];
      for (let start = 0; start < batch.length; start += MAX_ATTEMPTS_PER_RECORD) {
        records.push(encodeAttempts(batch.slice(start, start + MAX_ATTEMPTS_PER_RECORD)));
      }
      await writer.append(records);
    },
    replace: async (attempt, refusal) => {
      const isCut = attempt.bodyStart.byteLength === 0;
      metrics.refused("attempt", isCut ? "lost" : "cut");
      if (!isCut) return persist([{ ...attempt, bodyStart: NO_BYTES }], kind, deps);
      // The delivery goes on: only the ledger will miss what is in this line.
      logger.error({ err: refusal, ...attempt, bodyStart: undefined }, "an attempt can't be recorded");
    },
  };
  return kind;
}

/** A record that is kept for people: a dead letter, or what is in quarantine. */
interface Keepsake {
  readonly kind: "dead_letter" | "quarantined";
  readonly record: AppendRecord;
  /** Beside the record's headers: tells which one it is, if only a line of the log can be kept of it. */
  readonly ids: Readonly<Record<string, string>>;
  readonly isCut: boolean;
}

function keepsakeOf(letter: DeadLetter): Keepsake {
  const { event, subscriptionId, deliveryId, reason } = letter;
  const ids = { eventId: event.id, tenantId: event.tenantId, subscriptionId, deliveryId, reason };
  return { kind: "dead_letter", record: encodeDeadLetter(letter), ids, isCut: false };
}

function keepsakesKind(deps: RecorderDeps): Kind<Keepsake> {
  const { writer, logger, metrics } = deps;
  const kind: Kind<Keepsake> = {
    words: "dead letters",
    write: async (batch) => writer.append(batch.map(({ record }) => record)),
    replace: async (keepsake, refusal) => {
      const { record, ids, isCut } = keepsake;
      metrics.refused(keepsake.kind, isCut ? "lost" : "cut");
      if (!isCut)
        return persist([{ ...keepsake, record: encodeCut(record, refusal.message), isCut: true }], kind, deps);
      logger.error({ err: refusal, ids, headers: record.headers }, `a ${keepsake.kind} record can't be kept`);
    },
  };
  return kind;
}

function tasksKind(
  { deferred, clock, logger, metrics }: RecorderDeps,
  recordDeadLetter: Recorder["recordDeadLetter"],
): Kind<DeferredTask> {
  return {
    words: "deferred deliveries",
    write: async (batch) => deferred.defer(batch),
    replace: async ({ value }, refusal) => {
      const { event, subscriptionId, nextAttempt } = decodeDeferredDelivery(value);
      const deliveryId = deliveryIdOf(event.id, subscriptionId);
      metrics.refused("deferred", "dead_letter");
      logger.error({ err: refusal, deliveryId, eventId: event.id, subscriptionId }, "a delivery can't be deferred");
      const attempts = nextAttempt - 1;
      const letter = { event, subscriptionId, deliveryId, attempts, reason: "undeferrable", diedAtMs: clock.nowMs() };
      await recordDeadLetter(letter);
    },
  };
}
