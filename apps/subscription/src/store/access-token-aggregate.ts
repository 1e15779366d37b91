import { ABSENT, type AccessToken, type AccessTokenEvent, evolve, type IssuedToken } from "@postrider/domain-access";
import type { StoredEvent } from "@postrider/kit-event-store";
import type { Aggregate } from "./decide-on-stream.ts";
import { decodeStored, encodeStored, type StoredFormats } from "./stored-format.ts";

const PREFIX = "access_token/";

const CURRENT: Readonly<Record<AccessTokenEvent["kind"], number>> = {
  access_token_created: 1,
  access_token_revoked: 1,
};
const FORMATS: StoredFormats = { current: CURRENT };

/** Access tokens in the store: never the token itself. */
export const accessTokenAggregate: Aggregate<AccessToken, AccessTokenEvent> = {
  absent: ABSENT,
  evolve,
  encode: (event) => encodeStored(event, FORMATS),
  // Only encode above writes these streams: what has the kind has the shape.
  decode: (stored) => decodeStored(stored, FORMATS) as AccessTokenEvent,
  project: (database, _, state) => {
    const { id, sha256 } = state.kind === "absent" ? { id: "", sha256: "" } : state;
    const row = { sha256, state: state.kind, document: JSON.stringify(state) };
    return [
      database
        .insertInto("access_tokens")
        .values({ id, ...row })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row)),
    ];
  },
};

/** The stream of an access token. */
export function accessTokenStream(id: string): string {
  return PREFIX + id;
}

/** The hash of the token whose stream the event is of; undefined if it is of another kind of stream. */
export function findTokenHash(stored: StoredEvent): string | undefined {
  return stored.stream.startsWith(PREFIX) ? accessTokenAggregate.decode(stored).sha256 : undefined;
}

/** Reads `document` of the projection, which {@link accessTokenAggregate} wrote. */
export function decodeAccessTokenDocument(document: string): IssuedToken {
  return JSON.parse(document) as IssuedToken;
}
