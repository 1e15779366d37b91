import { decodeFetch } from "./decode-fetch.ts";
import { decodeRecords } from "./decode-records.ts";
import { encodeFetch, type FetchOptions } from "./encode-fetch.ts";
import { encodeProduce, type ProduceOptions } from "./encode-produce.ts";
import { encodeRequest } from "./encode-request.ts";
import { FetchedBatch } from "./fetched-batch.ts";
import { fromRandomPlace } from "./from-random-place.ts";
import { groupByPartition } from "./group-by-partition.ts";

type Require = NodeJS.Require;

/** Keys in Kafka's protocol. */
const PRODUCE = 0;
const FETCH = 1;

/** What kafkajs's decoder gives of a partition's records. */
interface Decoder {
  readonly readInt32: () => number;
  readonly canReadBytes: (length: number) => boolean;
  readonly readBytes: (length: number) => Buffer;
}

interface Response {
  readonly decode: (bytes: Buffer) => Promise<unknown>;
  /** Throws the first error that a partition has. */
  readonly parse: (decoded: unknown) => Promise<unknown>;
}

interface Codecs {
  readonly lookupCodec: (codec: number) => { readonly decompress: (bytes: Buffer) => Promise<Buffer> } | null;
}

/**
 * Puts our own reading and writing of records in the place of kafkajs's, which costs several times as much: together with
 * the broker's round trips that was a third of the dispatcher's time, and two thirds of ingest's. Call it before kafkajs
 * is loaded: its modules keep what they have required. The rest of the protocol stays kafkajs's.
 */
export function installWire(require: Require): void {
  const { lookupCodec } = require("kafkajs/src/protocol/message/compression") as Codecs;
  const decompress = async (codec: number, bytes: Buffer): Promise<Buffer> => {
    const found = lookupCodec(codec);
    if (found === null) throw new RangeError(`records are compressed in a way that is not known: ${codec}`);
    return found.decompress(bytes);
  };
  replace(require, "protocol/requests/fetch/v4/decodeMessages", async (decoder: Decoder) => {
    const size = decoder.readInt32();
    return size > 0 && decoder.canReadBytes(size) ? decodeRecords(decoder.readBytes(size), decompress) : [];
  });
  // The latest that kafkajs speaks; an older broker than Kafka 2.3 gets kafkajs's own requests, of older versions.
  replace(require, "protocol/requests/fetch/v11/request", (options: FetchOptions) => ({
    ...{ apiKey: FETCH, apiVersion: 11, apiName: "Fetch" },
    encode: () => Promise.resolve(encodeFetch(options)),
  }));
  const { parse } = require("kafkajs/src/protocol/requests/fetch/v11/response") as Response;
  replace(require, "protocol/requests/fetch/v11/response", {
    decode: async (bytes: Buffer) => decodeFetch(bytes, decompress),
    parse,
  });
  replace(require, "utils/shuffle", fromRandomPlace);
  replace(require, "consumer/batch", FetchedBatch);
  replace(require, "protocol/requests/produce/v3/request", (options: ProduceOptions) => ({
    ...{ apiKey: PRODUCE, apiVersion: 3, apiName: "Produce", expectResponse: () => options.acks !== 0 },
    encode: () => Promise.resolve(encodeProduce(options, Date.now())),
  }));
  replace(require, "protocol/request", encodeRequest);
  replace(require, "producer/groupMessagesPerPartition", groupByPartition);
}

function replace(require: Require, path: string, replacement: unknown): void {
  const id = require.resolve(`kafkajs/src/${path}`);
  require(id);
  const module = require.cache[id];
  if (module === undefined) throw new TypeError(`kafkajs has no ${path}: this package needs its version 2.2.4`);
  module.exports = replacement;
}
