const silentMs = 2000;
const everyMs = 10_000;

/** Does the work, and says on standard error what it is waiting for when that takes longer than two seconds. */
export async function withProgress<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let timesSaid = 0;
  const say = (): void => {
    timesSaid += 1;
    console.error(`${what} … ${Math.round((performance.now() - startedMs) / 1000)} s`);
    timer = setTimeout(say, everyMs);
  };
  let timer = setTimeout(say, silentMs);
  try {
    const result = await work();
    if (timesSaid > 0) console.error(`${what}: done after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}
