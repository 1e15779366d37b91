// Both ends of the benchmark's child processes: commands that are answered, notices that are not. A child ends with its
// parent, and a parent that fails takes its children with it: no benchmark leaves a process behind.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

type Message =
  | { readonly kind: "command"; readonly id: number; readonly command: unknown }
  | { readonly kind: "notice"; readonly notice: unknown };
type Answer =
  | { readonly kind: "answer"; readonly id: number; readonly answer?: unknown; readonly error?: string }
  | { readonly kind: "notice"; readonly notice: unknown };

export interface Child {
  readonly pid: number;
  /** What the child said first: it is ready. */
  readonly greeting: unknown;
  /** @throws when the child fails at it, ends, or takes longer than `timeoutMs` */
  readonly ask: (command: unknown, timeoutMs: number) => Promise<unknown>;
  readonly tell: (notice: unknown) => void;
  readonly onNotice: (listener: (notice: unknown) => void) => void;
  readonly stop: () => Promise<void>;
}

const startTimeoutMs = 20_000;

/** Starts a script beside this file and waits for its greeting. */
export async function startChild(script: string): Promise<Child> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // stdout is for the report alone.
  const process_ = fork(path, [], { stdio: ["ignore", 2, 2, "ipc"] });
  const kill = (): void => void process_.kill("SIGKILL");
  process.once("exit", kill);
  const connection = connect(process_, script);
  const greeting = await connection.greeting;
  return {
    pid: process_.pid ?? 0,
    greeting,
    ask: connection.ask,
    // A notice to one that has ended was on its way at the end of the run: nobody needs it.
    tell: (notice) => {
      if (process_.connected) process_.send({ kind: "notice", notice } satisfies Message);
    },
    onNotice: connection.onNotice,
    stop: async () => {
      process.removeListener("exit", kill);
      if (process_.exitCode !== null || process_.signalCode !== null) return;
      const ended = once(process_, "exit");
      kill();
      await ended;
    },
  };
}

function connect(
  child: ChildProcess,
  name: string,
): Pick<Child, "ask" | "onNotice"> & { readonly greeting: Promise<unknown> } {
  const waiting = new Map<number, (answer: { readonly answer?: unknown; readonly error?: string }) => void>();
  const listeners: ((notice: unknown) => void)[] = [];
  let lastId = 0;
  child.on("message", (message: Answer) => {
    if (message.kind === "notice") for (const listener of listeners) listener(message.notice);
    else waiting.get(message.id)?.(message);
  });
  child.once("exit", (code, signal) => {
    for (const settle of waiting.values()) settle({ error: `ended (${signal ?? `exit ${code ?? "?"}`})` });
  });
  async function answerTo(id: number, what: string, timeoutMs: number): Promise<unknown> {
    const { answer, error } = await new Promise<{ readonly answer?: unknown; readonly error?: string }>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, { error: `no answer within ${timeoutMs} ms` });
      waiting.set(id, (settled) => {
        clearTimeout(timer);
        resolve(settled);
      });
    });
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${name}, ${what}: ${error}`);
    return answer;
  }
  return {
    // The greeting is the answer to a command that nobody had to send.
    greeting: answerTo(0, "start", startTimeoutMs),
    ask: async (command, timeoutMs) => {
      const id = ++lastId;
      child.send({ kind: "command", id, command } satisfies Message);
      return await answerTo(id, JSON.stringify(command), timeoutMs);
    },
    onNotice: (listener) => void listeners.push(listener),
  };
}

export interface ChildWork {
  /** Told to the parent at once. */
  readonly greeting?: unknown;
  readonly answer: (command: unknown) => unknown;
  readonly takeNotice?: (notice: unknown) => void;
}

/** The child's end: works for its parent until that goes away. */
export function workForParent({ greeting, answer, takeNotice }: ChildWork): void {
  process.on("message", (message: Message) => {
    if (message.kind === "notice") takeNotice?.(message.notice);
    else void answerCommand(message.id, async () => await answer(message.command));
  });
  process.once("disconnect", () => process.exit(0));
  sendToParent({ kind: "answer", id: 0, answer: greeting });
}

export function tellParent(notice: unknown): void {
  sendToParent({ kind: "notice", notice });
}

async function answerCommand(id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    sendToParent({ kind: "answer", id, answer: await work() });
  } catch (error) {
    sendToParent({ kind: "answer", id, error: error instanceof Error ? error.message : String(error) });
  }
}

function sendToParent(answer: Answer): void {
  if (process.send === undefined) throw new Error("this script is a part of tools/bench/main.ts and started by it");
  process.send(answer);
}
