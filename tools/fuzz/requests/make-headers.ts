// Headers beside the request: nothing for the most part, since a flood hides what the message would do.
import { Metadata } from "@grpc/grpc-js";
import type { Chance } from "./chance.ts";

type Header = readonly [name: string, value: string | Buffer];

const FEW: readonly Header[] = [
  ["authorization", "Bearer nonsense"],
  ["authorization", "Basic Og=="],
  ["grpc-timeout", "99999999H"],
  ["traceparent", "00-zz-zz-00"],
  ["x-bin", Buffer.from([0xff, 0x00])],
  ["grpc-status-details-bin", Buffer.alloc(64, 0xff)],
  ["grpc-encoding", "gzip"],
  ["grpc-encoding", "snappy"],
  ["grpc-previous-rpc-attempts", "-1"],
  ["user-agent", "()".repeat(200)],
  ["cookie", "a=b"],
];

/** More than this may end the connection, and with it what others have on it. */
const MAX_SHARED_BYTES = 4000;

/** Whether the request needs a connection of its own. */
export function isFlood(metadata: Metadata): boolean {
  return JSON.stringify(metadata.toJSON()).length > MAX_SHARED_BYTES || Object.keys(metadata.getMap()).length > 40;
}

export function makeHeaders(chance: Chance): Metadata {
  const metadata = new Metadata();
  const headers = chance.often(0.9) ? [] : chooseHeaders(chance);
  // grpc-js refuses to send two of authorization.
  for (const [name, value] of headers) {
    if (name === "authorization") metadata.set(name, value);
    else metadata.add(name, value);
  }
  return metadata;
}

function chooseHeaders(chance: Chance): readonly Header[] {
  return chance.pick<() => readonly Header[]>([
    () => [chance.pick(FEW), chance.pick(FEW)],
    () => [chance.pick(FEW)],
    () => Array.from({ length: chance.pick([50, 120, 300]) }, (_, index) => [`x-flood-${index}`, "1"] as const),
    () => Array.from({ length: 50 }, () => ["x-same", "1"] as const),
    () => [["x-large", "v".repeat(chance.pick([4096, 15_000, 60_000]))]],
    () => [["x-large-bin", chance.bytes(chance.pick([1000, 10_000]))]],
  ])();
}
