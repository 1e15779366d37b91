import type { Clock, Random, Service } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";
import {
  createWatchedCache,
  describeNotices,
  type DescribeNoticesOptions,
  type WatchedCacheState,
  type WatchedChange,
} from "@postrider/kit-watched-cache";
import type { Credential } from "./credential.ts";

/** A token that somebody keeps and may revoke. */
export interface StoredToken {
  readonly id: string;
  readonly credential: Credential;
}

/** Where tokens are kept; in this process or elsewhere. */
export interface TokenStore {
  /** By the SHA-256 of the token; undefined when it knows none, or no more. Rejects when it can't be told now. */
  readonly find: (sha256: string) => Promise<StoredToken | undefined>;
  /** Changes after a revision, by SHA-256 (empty: none); the first message tells the revision. Ends when the connection does. */
  readonly watch: (afterRevision: bigint, signal: AbortSignal) => AsyncIterable<{ revision: bigint; sha256: string }>;
  readonly recordUse: (id: string, atMs: number) => Promise<unknown>;
}

/** What is known of tokens that are kept elsewhere. */
export interface TokenCache extends Service {
  /** @throws {RpcError} (or by the promise) unavailable when it can't be told now */
  readonly find: (sha256: string) => Credential | undefined | Promise<Credential | undefined>;
  readonly state: () => WatchedCacheState;
}

/** Some kilobytes for a thousand tokens. Hashes that nobody keeps could fill the memory: what is not asked for goes first. */
const MAX_ENTRIES = 20_000;
/**
 * Questions that may be out. Whoever sends well-formed tokens that do not exist makes us ask for each of them; beyond this
 * many, those that are not known here are told to come again.
 */
const MAX_ASKING = 256;
const RETRY_DELAY_MS = 1000;
/** How often a token's use is told: its time is for people who ask which tokens are still needed. */
const USE_SPACING_MS = 3_600_000;
/** Kept like an answer, until the store tells of a change of it. */
const ABSENT = "absent";

interface Known extends StoredToken {
  /** When its use is to be told next. */
  tellUseAtMs: number;
}

export interface TokenCacheDeps {
  readonly store: TokenStore;
  /** How long known tokens are believed while nobody could tell us that they were revoked. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: DescribeNoticesOptions["logger"];
}

/**
 * Tokens as they are asked for, kept true by the store's stream of changes. While that is broken, known tokens are good for
 * the grace time; then nobody is known any more, since a revocation could not have been told.
 */
export function createTokenCache({ store, graceMs, clock, random, logger }: TokenCacheDeps): TokenCache {
  const tell = describeNotices({ what: "access tokens", clock, logger });
  // Nothing is known before the first watch, so it begins as if it had just broken.
  let brokenSinceMs: number | undefined = clock.nowMs();
  let asking = 0;
  const cache = createWatchedCache<Known | typeof ABSENT>({
    load: async (sha256) => {
      if (asking >= MAX_ASKING) throw new Error(`${asking} tokens are asked for already`);
      asking += 1;
      try {
        const found = await store.find(sha256);
        return found ? { ...found, tellUseAtMs: 0 } : ABSENT;
      } finally {
        asking -= 1;
      }
    },
    watch: (afterRevision, signal) => watchHashes(store, afterRevision, signal),
    maxEntries: MAX_ENTRIES,
    // The caller has a deadline of its own, and is told when to come again.
    patienceMs: 0,
    ...{ clock, random },
    onNotice: (notice) => {
      if (notice.kind === "watch_began") brokenSinceMs = undefined;
      if (notice.kind === "watch_broke") brokenSinceMs ??= clock.nowMs();
      // Not which: who fails to look up a token would write its hash into the log.
      tell(notice.kind === "load_failed" ? { ...notice, scope: "(a hash)" } : notice);
    },
  });

  function use(known: Known | typeof ABSENT): Credential | undefined {
    if (known === ABSENT) return undefined;
    const nowMs = clock.nowMs();
    // What is not kept, while nobody tells us of changes, would be told at each call.
    if (nowMs < known.tellUseAtMs || brokenSinceMs !== undefined) return known.credential;
    known.tellUseAtMs = nowMs + USE_SPACING_MS;
    // Told again in an hour if it fails: nothing depends on it.
    store.recordUse(known.id, nowMs).catch(() => undefined);
    return known.credential;
  }

  return {
    name: "access-tokens",
    run: cache.run,
    state: cache.state,
    find: (sha256) => {
      if (brokenSinceMs !== undefined && clock.nowMs() - brokenSinceMs >= graceMs) throw unavailable();
      const answer = cache.find(sha256, "");
      if (!(answer instanceof Promise)) return use(answer);
      return answer.then(use, (error: unknown) => {
        throw unavailable(error);
      });
    },
  };
}

function unavailable(cause?: unknown): RpcError {
  const text = "whether the credentials are valid can't be told now: try again";
  return new RpcError("unavailable", text, { retryDelayMs: RETRY_DELAY_MS, cause });
}

async function* watchHashes(
  store: TokenStore,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncGenerator<WatchedChange> {
  for await (const { revision, sha256 } of store.watch(afterRevision, signal)) yield { revision, scope: sha256 };
}
