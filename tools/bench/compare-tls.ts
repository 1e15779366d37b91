// `npm run bench -- --tls`: what TLS costs a sender, with connections that are kept and with a new one for each request,
// beside plain HTTP in the same minutes.
import { loadavg } from "node:os";
import { startChild } from "./child.ts";
import type { Settings } from "./settings.ts";
import type { TlsReceiverGreeting, TlsReceiverReport, TlsSenderCommand, TlsSenderReport } from "./tls-protocol.ts";

/** One way to send, measured. */
export interface TlsRow {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuUsPerRequest: number;
  /** Of plain HTTP with the same life of connections: how many times the CPU. */
  readonly cpuRatio: number;
  readonly requestsPerConnection: number;
  readonly resumedShare: number;
}

const askTimeoutMs = 60_000;

/** A way to send, and the one that it is compared with. */
interface Way {
  readonly name: string;
  readonly server: "plain" | "secure" | "forgetful";
  readonly path: "/kept" | "/cold";
}

const ways: readonly Way[] = [
  { name: "plain, kept", server: "plain", path: "/kept" },
  { name: "TLS, kept", server: "secure", path: "/kept" },
  { name: "plain, cold", server: "plain", path: "/cold" },
  { name: "TLS, cold, resumed", server: "secure", path: "/cold" },
  { name: "TLS, cold, in full", server: "forgetful", path: "/cold" },
];

/** @throws when a request fails: what is measured must be whole */
export async function compareTls(settings: Settings, say: (text: string) => void): Promise<readonly TlsRow[]> {
  const receiver = await startChild("tls-receiver.ts");
  try {
    const greeting = receiver.greeting as TlsReceiverGreeting;
    const rows: TlsRow[] = [];
    for (const way of ways) {
      say(`${way.name} …`);
      await receiver.ask("report", askTimeoutMs);
      const sent = await sendFor(settings, { url: greeting[way.server] + way.path, authority: greeting.authority });
      const report = (await receiver.ask("report", askTimeoutMs)) as TlsReceiverReport;
      const plain = rows.find(({ name }) => name === (way.path === "/kept" ? "plain, kept" : "plain, cold"));
      rows.push(createRow(way.name, { ...sent, ...report }, plain));
    }
    return rows;
  } finally {
    await receiver.stop();
  }
}

/** In a process of its own each: no way inherits another's warm code or full heap. */
async function sendFor(
  settings: Settings,
  target: Pick<TlsSenderCommand, "url" | "authority">,
): Promise<TlsSenderReport> {
  const sender = await startChild("tls-sender.ts");
  try {
    const { concurrency, warmUpMs, bareMs: measuredMs } = settings;
    const command: TlsSenderCommand = { ...target, concurrency, warmUpMs, measuredMs };
    const report = (await sender.ask(command, warmUpMs + measuredMs + askTimeoutMs)) as TlsSenderReport;
    if (report.failed > 0) throw new Error(`${report.failed} requests to ${target.url} failed`);
    return report;
  } finally {
    await sender.stop();
  }
}

function createRow(
  name: string,
  { sent, all, seconds, cpuUs, connections, resumed }: TlsSenderReport & TlsReceiverReport,
  plain: TlsRow | undefined,
): TlsRow {
  const cpuUsPerRequest = cpuUs / sent;
  return {
    ...{ name, perSecond: sent / seconds, cpuUsPerRequest },
    cpuRatio: cpuUsPerRequest / (plain?.cpuUsPerRequest ?? cpuUsPerRequest),
    requestsPerConnection: all / connections,
    resumedShare: resumed / connections,
  };
}

export function formatTlsTable(rows: readonly TlsRow[]): string {
  const [load = NaN] = loadavg();
  return [
    `64 requests at a time over kit/egress; the sender's CPU. Load of the machine: ${load.toFixed(1)}`,
    ...rows.map(
      (row) =>
        `${row.name.padEnd(20)}${row.perSecond.toFixed(0).padStart(8)}/s   CPU µs per request: ` +
        `${row.cpuUsPerRequest.toFixed(0).padStart(4)} (${row.cpuRatio.toFixed(2)} of plain)   ` +
        `requests a connection: ${row.requestsPerConnection.toFixed(0)}, resumed: ${(row.resumedShare * 100).toFixed(0)} %`,
    ),
  ].join("\n");
}
