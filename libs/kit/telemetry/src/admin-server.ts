import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

/** The admin port: for scrapers and probes, never for customers. */
export interface AdminServer {
  /** host:port as bound. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

export interface AdminServerOptions {
  /** host:port */
  readonly address: string;
  readonly registry: Registry;
  /** What is not ready yet, or no longer; empty when all is. */
  readonly findUnready: () => readonly string[];
}

/**
 * Serves /metrics (Prometheus text), /livez (the process answers) and /readyz (it can do its work; 503 names what is
 * missing). @throws Error when the address can't be bound
 */
export async function startAdminServer({ address, registry, findUnready }: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.message : "failed");
    });
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (request.url) {
      case "/metrics":
        response.writeHead(200, { "content-type": registry.contentType }).end(await registry.metrics());
        return;
      case "/livez":
        response.writeHead(200).end("ok\n");
        return;
      case "/readyz": {
        const unready = findUnready();
        response.writeHead(unready.length === 0 ? 200 : 503).end(unready.length === 0 ? "ok\n" : unready.join("\n"));
        return;
      }
      default:
        response.writeHead(404).end("/metrics, /livez and /readyz are here\n");
    }
  }
  const host = address.slice(0, address.lastIndexOf(":"));
  const port = await bind(server, { host, port: Number(address.slice(address.lastIndexOf(":") + 1)) });
  return { address: `${host}:${String(port)}`, close: async () => closeServer(server) };
}

async function bind(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new Error(`can't listen on ${host}:${String(port)}: ${cause.message}`, { cause }));
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
