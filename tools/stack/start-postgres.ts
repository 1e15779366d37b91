/**
 * A real PostgreSQL on a free port of 127.0.0.1, for tests and trials. Its data are in memory where there is room, and
 * stay when it is killed; everything is gone after `stop`, or when this process ends, however it does.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { fetchPostgres, type PostgresDistribution } from "./fetch-postgres.ts";
import { findChildren } from "./find-children.ts";
import { type GuardedProcess, startGuarded } from "./guarded-process.ts";
import { reservePorts } from "./ports.ts";
import { copyDatabase, preparePostgres } from "./prepare-postgres.ts";
import { runCommand } from "./run-command.ts";
import { createScratchFolder } from "./scratch-folder.ts";
import { untilAnswers } from "./until-answers.ts";
import { withProgress } from "./with-progress.ts";

/** It takes 0.2 s, and longer when it has to read its log again after a kill. */
const startTimeoutMs = 60_000;
const questionTimeoutMs = 2000;

export interface PostgresOptions {
  /**
   * Whether a commit waits for the disk, as in production; false by default. A kill -9 loses nothing either way: the
   * system keeps what was written.
   */
  readonly fsync?: boolean;
}

export interface PostgresServer {
  /** Of PostgreSQL: 18.4. */
  readonly version: string;
  /** A superuser's, of the database `postgres`. */
  readonly url: string;
  /** Of the postmaster; undefined while it is dead. */
  readonly pid: number | undefined;
  /** kill -9 of the postmaster and all of its children; resolves when the postmaster is gone. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same folder and port; resolves when it answers. @throws when it runs already, or doesn't come up */
  readonly start: () => Promise<void>;
  /** Ends it, and removes its data. */
  readonly stop: () => Promise<void>;
}

/** @throws StackUnavailableError when it is not to be had for this machine */
export async function startPostgres({ fsync = false }: PostgresOptions = {}): Promise<PostgresServer> {
  const distribution = await fetchPostgres();
  const template = await preparePostgres(distribution);
  const { version, account } = distribution;
  const scratch = await createScratchFolder(account);
  const { ports, release } = await reservePorts(1);
  const data = join(scratch.path, "data");
  const place: Place = { scratch: scratch.path, data, port: ports[0] ?? 0, fsync };
  let server: GuardedProcess | undefined;
  const start = async (): Promise<void> => {
    if (server !== undefined) throw new Error(`PostgreSQL runs already (pid ${server.pid})`);
    const started = await startServer(distribution, place);
    server = started;
    void started.ended.then(() => {
      if (server === started) server = undefined;
    });
    await untilAnswers({ name: "PostgreSQL", server: started, timeoutMs: startTimeoutMs }, () => answers(place.port));
  };
  const stop = async (): Promise<void> => {
    // At once, without a checkpoint, but in order: it gives its shared memory back to the system.
    if (server === undefined) await removeSharedMemory(data);
    else await server.end("SIGQUIT");
    await scratch.remove();
    release();
  };
  try {
    await copyDatabase(template, data, account);
    await withProgress(`Starting PostgreSQL ${version}`, start);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    version,
    url: `postgres://postgres@127.0.0.1:${place.port}/postgres`,
    get pid() {
      return server?.pid;
    },
    kill: async () => {
      if (server !== undefined) await killAll(server);
    },
    start,
    stop,
  };
}

interface Place {
  readonly scratch: string;
  readonly data: string;
  readonly port: number;
  readonly fsync: boolean;
}

async function startServer({ folder, account }: PostgresDistribution, place: Place): Promise<GuardedProcess> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: place.port,
    unix_socket_directories: "",
    max_connections: 200,
    // In its folder, and not under names of the whole system, which a kill -9 would leave behind.
    dynamic_shared_memory_type: "mmap",
    ...(place.fsync ? {} : { fsync: "off", full_page_writes: "off" }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return await startGuarded([join(folder, "bin", "postgres"), "-D", place.data, ...flags], {
    logFile: join(place.scratch, "server.log"),
    env: { LC_ALL: "C", TZ: "UTC", PATH: process.env["PATH"] },
    account,
    orphanSignal: "QUIT",
  });
}

/** As when the machine goes: nobody gets to tell the others, or to clean up. */
async function killAll(server: GuardedProcess): Promise<void> {
  // Halted first, so that it starts no child that we don't see.
  process.kill(server.pid, "SIGSTOP");
  const children = await findChildren(server.pid);
  const postmasterEnded = server.end("SIGKILL");
  for (const child of children) {
    try {
      process.kill(child, "SIGKILL");
    } catch {
      // It has ended by itself: it watches the postmaster.
    }
  }
  await postmasterEnded;
}

/** A killed postmaster leaves a segment of a few bytes, which the next start on the same data would have removed. */
async function removeSharedMemory(data: string): Promise<void> {
  // Its seventh line: key and id. https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/pidfile.h
  const lines = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const segment = /^\s*\d+\s+(\d+)\s*$/.exec(lines.split("\n")[6] ?? "")?.[1];
  // Without the tool it stays until the next start of the machine.
  if (segment !== undefined) await runCommand(["ipcrm", "-m", segment], { timeoutMs: 10_000 });
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
    connectionTimeoutMillis: questionTimeoutMs,
    query_timeout: questionTimeoutMs,
  });
  // What breaks the connection also fails the question.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    // Not yet: it is asked again.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
