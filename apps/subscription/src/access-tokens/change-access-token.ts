import { decide, type IssuedToken, type RequestedGrant } from "@postrider/domain-access";
import { createAccessToken, hashToken } from "@postrider/kit-access";
import { type Caller, RpcError } from "@postrider/kit-rpc";
import { accessTokenAggregate, accessTokenStream } from "../store/access-token-aggregate.ts";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { createSortableId } from "../store/sortable-id.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

type Deps = Pick<SubscriptionDeps, "store" | "database" | "clock" | "randomBytes">;

export interface NewAccessToken {
  readonly issued: IssuedToken;
  /** The token itself, which is not kept. */
  readonly token: string;
}

/**
 * Makes a token that may do no more than who asks for it.
 * @throws {RpcError} naming each field that is wrong; permission_denied for a scope that the caller has not
 */
export async function issueAccessToken(deps: Deps, caller: Caller, grant: RequestedGrant): Promise<NewAccessToken> {
  const beyond = grant.scopes.find((scope) => !caller.scopes.has(scope));
  const atMs = deps.clock.nowMs();
  const id = createSortableId("tok", atMs, deps.randomBytes);
  const token = createAccessToken(deps.randomBytes);
  const state = await decideOnStream(deps, accessTokenAggregate, {
    stream: accessTokenStream(id),
    decide: (before) => {
      const command = { kind: "create", id, sha256: hashToken(token), grant, by: caller.name, atMs } as const;
      const decision = decide(command, before);
      // What is no scope at all is told as such first.
      if (decision.kind === "accepted" && beyond !== undefined) throw beyondCaller(beyond);
      return decision;
    },
  });
  return { issued: assertIssued(state), token };
}

/** Makes it worthless, for good. @throws {RpcError} not_found */
export async function revokeAccessToken(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock">,
  caller: Caller,
  id: string,
): Promise<IssuedToken> {
  const command = { kind: "revoke", by: caller.name, atMs: deps.clock.nowMs() } as const;
  const state = await decideOnStream(deps, accessTokenAggregate, {
    stream: accessTokenStream(id),
    decide: (before) => decide(command, before),
  });
  return assertIssued(state);
}

function beyondCaller(scope: string): RpcError {
  const description = `the scope ${scope} can be given only by who has it`;
  return new RpcError("permission_denied", description, {
    violations: [{ field: "access_token.scopes", description }],
  });
}

function assertIssued(state: IssuedToken | { readonly kind: "absent" }): IssuedToken {
  if (state.kind !== "absent") return state;
  throw new Error("an access token is absent after a command that keeps it");
}
