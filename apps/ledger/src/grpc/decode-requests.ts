import { Delivery_State as State } from "@postrider/contracts/postrider/v1/delivery";
import { isEventId, isEventTypeName, isTenantId, quote } from "@postrider/domain-event";
import { decodePage, type FieldViolation, RpcError } from "@postrider/kit-rpc";
import type { DeliveryRowState } from "../store/ledger-schema.ts";
import type { KeyAsked, PageKey } from "../store/ledger-store.ts";

/** The API's number of each state. */
export const STATES = {
  waiting: State.STATE_WAITING,
  delivered: State.STATE_DELIVERED,
  dead: State.STATE_DEAD,
} as const satisfies Record<DeliveryRowState, State>;

const DELIVERY_ID = /^dlv_[0-9a-f]{32}$/;

/** What is wrong with a request, gathered so that all of it is told at once. */
class Violations {
  readonly #found: FieldViolation[] = [];

  /** The text, or undefined if it is empty. */
  optional(field: string, text: string, isValid: (text: string) => boolean): string | undefined {
    if (text === "") return undefined;
    if (!isValid(text)) this.#found.push({ field, description: `${quote(text)} is not ${NAMES[field] ?? "an id"}` });
    return text;
  }

  /** Milliseconds since the epoch; undefined if there is no time. */
  optionalTime(field: string, time: Date | undefined): number | undefined {
    const ms = time?.getTime();
    // A protobuf time can be far beyond what a date here can be.
    if (Number.isNaN(ms)) this.add(field, "is not within the years 1 to 9999");
    return ms;
  }

  add(field: string, description: string): void {
    this.#found.push({ field, description });
  }

  /** @throws {RpcError} `invalid_argument` if there are any */
  throwIfAny(): void {
    if (this.#found.length > 0) throw RpcError.invalid(this.#found);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  tenant_id: "a tenant id",
  type: "the name of an event type",
  event_id: "an event id",
  subscription_id: "a subscription id",
};

/** @throws {RpcError} `invalid_argument` */
export function decodeEventKey(request: { id: string; acceptTime: Date | undefined }): Omit<KeyAsked, "tenantId"> {
  return decodeKey(request, { isValid: isEventId, wanted: "an event id" });
}

/** @throws {RpcError} `invalid_argument` */
export function decodeDeliveryKey(request: { id: string; acceptTime: Date | undefined }): Omit<KeyAsked, "tenantId"> {
  return decodeKey(request, {
    isValid: (id) => DELIVERY_ID.test(id),
    wanted: "a delivery id: dlv_ and 32 hexadecimal digits",
  });
}

function decodeKey(
  { id, acceptTime }: { id: string; acceptTime: Date | undefined },
  { isValid, wanted }: { readonly isValid: (id: string) => boolean; readonly wanted: string },
): Omit<KeyAsked, "tenantId"> {
  const description = id === "" ? "is required" : `${quote(id)} is not ${wanted}`;
  if (!isValid(id)) throw RpcError.invalid([{ field: "id", description }]);
  const violations = new Violations();
  const acceptedAtMs = violations.optionalTime("accept_time", acceptTime);
  violations.throwIfAny();
  return { id, acceptedAtMs };
}

interface ListRequest {
  readonly tenantId: string;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

export interface ListFilter {
  readonly tenantId: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** What all lists have. */
function decodeListFilter({ tenantId, from, to }: ListRequest, violations: Violations): ListFilter {
  const fromMs = violations.optionalTime("from", from);
  const toMs = violations.optionalTime("to", to);
  if (from && to && from.getTime() >= to.getTime()) {
    violations.add("to", `${to.toISOString()} is not after from, ${from.toISOString()}`);
  }
  return { tenantId: violations.optional("tenant_id", tenantId, isTenantId), fromMs, toMs };
}

export interface EventFilter extends ListFilter {
  readonly type: string | undefined;
}

/** @throws {RpcError} `invalid_argument` that names every wrong field */
export function decodeEventFilter(request: ListRequest & { readonly type: string }): EventFilter {
  const violations = new Violations();
  const filter = {
    ...decodeListFilter(request, violations),
    type: violations.optional("type", request.type, isEventTypeName),
  };
  if (filter.type !== undefined && filter.tenantId === undefined)
    violations.add("type", "is only looked for of one tenant: name the tenant_id too");
  violations.throwIfAny();
  return filter;
}

export interface DeliveryFilter extends ListFilter {
  readonly subscriptionId: string | undefined;
  readonly eventId: string | undefined;
  readonly state: DeliveryRowState | undefined;
}

/** @throws {RpcError} `invalid_argument` that names every wrong field */
export function decodeDeliveryFilter(
  request: ListRequest & { readonly subscriptionId: string; readonly eventId: string; readonly state: State },
): DeliveryFilter {
  const violations = new Violations();
  const filter = {
    ...decodeListFilter(request, violations),
    // Ids of subscriptions are of the same letters.
    subscriptionId: violations.optional("subscription_id", request.subscriptionId, isEventId),
    eventId: violations.optional("event_id", request.eventId, isEventId),
    state: decodeState(request.state, violations),
  };
  violations.throwIfAny();
  return filter;
}

function decodeState(state: State, violations: Violations): DeliveryRowState | undefined {
  if (state === State.STATE_UNSPECIFIED) return undefined;
  const known = Object.entries(STATES).find(([, number]) => number === state);
  if (!known) violations.add("state", `${state} is not a state of a delivery`);
  return known?.[0] as DeliveryRowState | undefined;
}

export interface PageOfRows {
  readonly pageSize: number;
  readonly after: PageKey | undefined;
}

/** @throws {RpcError} `invalid_argument` */
export function decodePageOfRows(request: { pageSize: number; pageToken: string }, scope: string): PageOfRows {
  const { pageSize, after } = decodePage(request, scope);
  if (after === "") return { pageSize, after: undefined };
  const [, acceptedAtMs, id] = /^(\d{1,16}) (.+)$/.exec(after) ?? [];
  if (acceptedAtMs === undefined || id === undefined) {
    throw RpcError.invalid([{ field: "page_token", description: "is not a token that this method gave" }]);
  }
  return { pageSize, after: { acceptedAtMs: Number(acceptedAtMs), id } };
}

/** What a token leads on from. */
export function encodePageKey(row: { readonly accepted_at_ms: number; readonly id: string }): string {
  return `${row.accepted_at_ms} ${row.id}`;
}
