import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Below every system's range for outgoing connections (32768 on Linux, 49152 elsewhere). In that range a client that
 * tries to reach a killed server could be given the server's own port, and then talk to itself.
 */
const firstPort = 20_000;
const blockSize = 16;
const blocks = 750;

/** Ports that are ours, whether a server listens on them or not. */
export interface ReservedPorts {
  readonly ports: readonly number[];
  readonly release: () => void;
}

/**
 * Finds `count` (1 to 15) free ports on 127.0.0.1 that no other stack of this machine gets before `release` or the end
 * of this process: the first port of their block is listened on, and who has that has the block.
 * @throws when all blocks are taken
 */
export async function reservePorts(count: number): Promise<ReservedPorts> {
  if (count < 1 || count >= blockSize) throw new RangeError(`count is ${count}; it must be 1 to ${blockSize - 1}`);
  const start = randomInt(blocks);
  for (let tried = 0; tried < blocks; tried += 1) {
    const base = firstPort + ((start + tried) % blocks) * blockSize;
    const claim = await listen(base);
    if (claim === undefined) continue;
    const ports = Array.from({ length: count }, (_, index) => base + 1 + index);
    if (await areFree(ports)) return { ports, release: () => claim.close() };
    claim.close();
  }
  throw new Error(`no free ports on 127.0.0.1 from ${firstPort} to ${firstPort + blocks * blockSize}`);
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await listen(port);
    if (server === undefined) return false;
    server.close();
    await once(server, "close");
  }
  return true;
}

/** Undefined when somebody else listens there. Keeps no process alive. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    const listening = once(server, "listening");
    server.listen(port, "127.0.0.1");
    await listening;
    return server.unref();
  } catch {
    // In use, or not allowed: either way not ours.
    return undefined;
  }
}
