import type { Sealer } from "./create-sealer.ts";

interface Opened {
  readonly context: string;
  readonly secret: string;
}

/**
 * A sealer that remembers what it opened, for who opens the same again and again: 0.2 µs in place of 10. Only what was
 * opened for the same context counts. The oldest are forgotten first; what is remembered is in memory in the clear.
 */
export function rememberOpened(sealer: Sealer, { maxEntries }: { readonly maxEntries: number }): Sealer {
  const remembered = new Map<string, Opened>();
  return {
    ...sealer,
    open: (sealed, context) => {
      const found = remembered.get(sealed);
      if (found?.context === context) return found.secret;
      const secret = sealer.open(sealed, context);
      remembered.set(sealed, { context, secret });
      if (remembered.size > maxEntries) {
        const [oldest = sealed] = remembered.keys();
        remembered.delete(oldest);
      }
      return secret;
    },
  };
}
