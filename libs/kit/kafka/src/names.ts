/** What stands in front of a platform's names in a cluster that it shares: put before on the way there, taken off on the way back. */
export interface Names {
  readonly toCluster: (name: string) => string;
  readonly fromCluster: (name: string) => string;
}

export function createNames(prefix: string): Names {
  // Names are few, and asked for with each record.
  const known = new Map<string, string>();
  return {
    toCluster: (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const full = prefix + name;
      // What callers make up must not stay for good.
      if (known.size < 1_000) known.set(name, full);
      return full;
    },
    fromCluster: (name) => name.slice(prefix.length),
  };
}
