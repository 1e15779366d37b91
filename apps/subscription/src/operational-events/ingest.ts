import type { PublishRequest } from "@postrider/contracts/postrider/v1/ingest";

/** What the subscription service needs of ingest, in process or by gRPC. */
export interface Ingest {
  /** Resolves when the event is durable. Rejects when it was not accepted, or that can't be told. */
  readonly publish: (request: PublishRequest) => Promise<unknown>;
}
