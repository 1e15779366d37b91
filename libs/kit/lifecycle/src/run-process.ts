/**
 * Runs a service as a process of its own: SIGTERM and SIGINT abort the signal, a second one ends at once. Exits with 0
 * when `run` resolves; with 1, after one line on standard error that says why, when it rejects or when anything else
 * fails unseen: a process in a state that nobody foresaw is better started again.
 */
export async function runProcess(name: string, run: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("unhandledRejection", (error) => fail(name, error));
  try {
    await run(stopping.signal);
    process.exit(0);
  } catch (error) {
    return fail(name, error);
  }
}

function fail(name: string, error: unknown): never {
  console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
