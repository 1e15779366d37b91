/** Aborts on Ctrl-C or SIGTERM, so that a command can tidy up; a second one ends the process at once. */
export function listenForInterruption(): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interruption.abort();
    });
  }
  return interruption.signal;
}
