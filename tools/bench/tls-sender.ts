// The sender of `npm run bench -- --tls`: kit/egress as the dispatcher has it, sending the benchmark's payload, so many
// requests at a time.
import { createEgress, createEgressPolicy, type EgressRequest } from "@postrider/kit-egress";
import { systemClock } from "@postrider/kit-lifecycle";
import { workForParent } from "./child.ts";
import { createBody } from "./payload.ts";
import type { TlsSenderCommand, TlsSenderReport } from "./tls-protocol.ts";

/** A cold connection leaves a port behind for a minute (TIME_WAIT): below what Linux has of them by default. */
const maxColdConnections = 20_000;

const policy = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });

async function run(command: TlsSenderCommand): Promise<TlsSenderReport> {
  const { url, authority, concurrency, warmUpMs, measuredMs } = command;
  const egress = createEgress({ policy, clock: systemClock, authorities: [authority] });
  const ending = new AbortController();
  const isCold = url.endsWith("/cold");
  let [sent, failed] = [0, 0];
  async function sendUntilStopped(): Promise<void> {
    while (!ending.signal.aborted && !(isCold && sent >= maxColdConnections)) {
      const { kind } = await egress.send(requestTo(url));
      if (kind === "responded") sent++;
      else failed++;
    }
  }
  const sending = Promise.all(Array.from({ length: concurrency }, sendUntilStopped));
  await Promise.race([wait(warmUpMs), sending]);
  const before = { sent, cpu: process.cpuUsage(), ms: performance.now() };
  await Promise.race([wait(measuredMs), sending]);
  const { user, system } = process.cpuUsage(before.cpu);
  const report = { sent: sent - before.sent, seconds: (performance.now() - before.ms) / 1000, cpuUs: user + system };
  ending.abort();
  await sending;
  await egress.close(0);
  return { ...report, all: sent, failed };
}

function requestTo(url: string): EgressRequest {
  const headers = { "content-type": "application/json", "webhook-id": "msg_1" };
  return { url, method: "POST", headers, body: createBody(), timeoutMs: 15_000, keepBodyBytes: 0 };
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

workForParent({ answer: async (command) => await run(command as TlsSenderCommand) });
