import { type Event, IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import { RpcError, startRpcServer, unary } from "@postrider/kit-rpc";
import { accessForEverybody } from "@postrider/kit-rpc/testing";
import { createWatchers } from "@postrider/testing";
import { onTestFinished } from "vitest";

/** Somebody who answers calls of Publish over gRPC as a test wants it. Ends with the test. */
export interface RunningIngest {
  readonly address: string;
  /** In the order of their coming, refused ones too. */
  readonly asked: readonly Event[];
  readonly accepted: readonly Event[];
  /** With what an event is refused; undefined: it is accepted. */
  refuse: (event: Event) => RpcError | undefined;
  readonly untilAsked: (count: number) => Promise<void>;
  readonly untilAccepted: (count: number) => Promise<void>;
}

export async function startIngest(): Promise<RunningIngest> {
  const watchers = createWatchers();
  const asked: Event[] = [];
  const accepted: Event[] = [];
  const until = async (events: readonly Event[], count: number): Promise<void> =>
    watchers.waitUntil(
      () => events.length >= count,
      () => `${events.length} events instead of ${count}`,
    );
  const take = async (event: Event): Promise<{ eventId: string; acceptedAt: Date }> => {
    asked.push(event);
    const refusal = ingest.refuse(event);
    if (!refusal) accepted.push(event);
    watchers.changed();
    return refusal ? Promise.reject(refusal) : Promise.resolve({ eventId: event.id, acceptedAt: new Date(1) });
  };
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 1024 * 1024,
    services: [serve(take)],
  });
  onTestFinished(async () => {
    await server.close(0);
  });
  const ingest: RunningIngest = {
    ...{ address: server.address, asked, accepted, refuse: () => undefined },
    untilAsked: async (count) => until(asked, count),
    untilAccepted: async (count) => until(accepted, count),
  };
  return ingest;
}

function serve(take: (event: Event) => Promise<{ eventId: string; acceptedAt: Date }>) {
  const notHere = unary(async () => Promise.reject(new RpcError("unimplemented", "not here")));
  return {
    ...{ name: "postrider.v1.IngestService", definition: IngestServiceService },
    access: accessForEverybody(IngestServiceService),
    implementation: {
      ...Object.fromEntries(Object.keys(IngestServiceService).map((name) => [name, notHere])),
      publish: unary(async ({ event }: { readonly event?: Event | undefined }) => {
        if (!event) throw RpcError.invalid([{ field: "event", description: "is not set" }]);
        return take(event);
      }),
    },
  };
}
