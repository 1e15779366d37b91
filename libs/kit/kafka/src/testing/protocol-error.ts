import { loadKafkajs } from "../load-kafkajs.ts";

/** What kafkajs throws for an error code in a broker's answer; the type is the protocol's name of that code. */
export function createProtocolError(type: string): Error {
  const { KafkaJSProtocolError } = loadKafkajs();
  return new KafkaJSProtocolError(Object.assign(new Error(`words of ${type}`), { type, code: 1, retriable: false }));
}

/** What kafkajs throws for a connection that broke. */
export function createConnectionError(): Error {
  const { KafkaJSConnectionError } = loadKafkajs();
  return new KafkaJSConnectionError("Connection error: read ECONNRESET", { broker: "127.0.0.1:1", code: "ECONNRESET" });
}
