// Many receivers in one server, each at its own path and with its own manners.
import { createServer, type ServerResponse } from "node:http";
import { listenOnLoopback, trackSockets } from "@postrider/testing";

/** `hangs`: never answers. A number: 200 after so many milliseconds. `perSecond`: 200 to each in its turn, as a queue. */
export type Manner = "well" | "hangs" | "fails" | number | { readonly perSecond: number };

export interface EndpointServer {
  readonly urlOf: (endpoint: string) => string;
  /** How the endpoint answers from now on; "well" until it is told otherwise. */
  readonly behave: (endpoint: string, manner: Manner) => void;
  /** When each event came to the endpoint for the first time, by event id; milliseconds since the epoch. */
  readonly arrivalsOf: (endpoint: string) => ReadonlyMap<string, number>;
  readonly close: () => Promise<void>;
}

export async function startEndpointServer(): Promise<EndpointServer> {
  const manners = new Map<string, Manner>();
  const arrivals = new Map<string, Map<string, number>>();
  const turns = new Map<string, number>();
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    const endpoint = (request.url ?? "").slice(1);
    request.resume();
    request.on("end", () => {
      const eventId = String(request.headers["webhook-id"]);
      const known = arrivalsOf(endpoint);
      if (!known.has(eventId)) known.set(eventId, Date.now());
      const manner = manners.get(endpoint) ?? "well";
      answer(response, typeof manner === "object" ? untilTurnMs(endpoint, manner) : manner);
    });
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);

  function arrivalsOf(endpoint: string): Map<string, number> {
    const known = arrivals.get(endpoint) ?? new Map<string, number>();
    arrivals.set(endpoint, known);
    return known;
  }

  function untilTurnMs(endpoint: string, { perSecond }: { readonly perSecond: number }): number {
    const nowMs = Date.now();
    const turnMs = Math.max(nowMs, turns.get(endpoint) ?? 0) + 1000 / perSecond;
    turns.set(endpoint, turnMs);
    return turnMs - nowMs;
  }

  return {
    urlOf: (endpoint) => `http://127.0.0.1:${port}/${endpoint}`,
    behave: (endpoint, manner) => void manners.set(endpoint, manner),
    arrivalsOf,
    close: sockets.close,
  };
}

function answer(response: ServerResponse, manner: Exclude<Manner, object>): void {
  const end = (status: number): void => void response.writeHead(status, { "content-length": "0" }).end();
  if (manner === "well") end(200);
  else if (manner === "fails") end(500);
  else if (manner !== "hangs") setTimeout(end, manner, 200);
}
