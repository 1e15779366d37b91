import type { Message, Producer, ProducerBatch, RecordMetadata } from "kafkajs";
import type { ProducerOptions } from "../producer.ts";
import { readEncoded } from "./read-encoded.ts";

/** A request that is out: the test decides how it ends. */
export interface OpenRequest {
  /** Of each record its value, in the order of the request. */
  readonly values: readonly string[];
  /** The records are durable, and it is said so. */
  readonly acknowledge: (appendedAtMs?: number) => void;
  /** The records of these topics are durable, and nobody is told. */
  readonly loseAnswer: (error: Error, stored?: readonly string[]) => void;
  /** Nothing is durable. */
  readonly fail: (error: Error) => void;
}

/** kafkajs's producer as {@link ProducerOptions} asks for it, over a log in memory. */
export class ScriptedProducer implements Pick<Producer, "sendBatch"> {
  /** Values by topic, as they stand in its log. */
  readonly logs = new Map<string, string[]>();
  /** All that were made, in their order. */
  readonly requests: OpenRequest[] = [];
  /** Ends each request by itself, when it is set. */
  answer: ((request: OpenRequest) => void) | undefined;
  /** The most requests that were out at once. */
  mostAtOnce = 0;
  #out = 0;

  readonly sendBatch: ProducerOptions["producer"]["sendBatch"] = async (batch) => {
    this.#out++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#out);
    try {
      return await new Promise((resolve, reject) => {
        const request: OpenRequest = {
          values: valuesOf(batch),
          acknowledge: (appendedAtMs = 0) => {
            this.#store(batch);
            resolve((batch.topicMessages ?? []).map(({ topic }) => createMetadata(topic, appendedAtMs)));
          },
          loseAnswer: (error, stored) => {
            this.#store(batch, stored);
            reject(error);
          },
          fail: reject,
        };
        this.requests.push(request);
        this.answer?.(request);
      });
    } finally {
      this.#out--;
    }
  };

  /** The request that is out, or was the last. */
  last(): OpenRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error("nothing was sent");
    return last;
  }

  #store({ topicMessages = [] }: ProducerBatch, stored?: readonly string[]): void {
    for (const { topic, messages } of topicMessages) {
      if (stored?.includes(topic) === false) continue;
      this.logs.set(topic, [...(this.logs.get(topic) ?? []), ...messages.map(textOf)]);
    }
  }
}

function valuesOf({ topicMessages = [] }: ProducerBatch): string[] {
  return topicMessages.flatMap(({ messages }) => messages.map(textOf));
}

function textOf({ value }: Message): string {
  return readEncoded(value as Buffer).value;
}

function createMetadata(topicName: string, appendedAtMs: number): RecordMetadata {
  return { topicName, partition: 0, errorCode: 0, logAppendTime: String(appendedAtMs || -1) };
}
