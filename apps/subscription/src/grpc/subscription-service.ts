import type {
  ReportEndpointHealthRequest,
  ReportEndpointHealthResponse,
  SubscriptionServiceServer,
} from "@postrider/contracts/postrider/v1/subscription";
import { isTenantId, quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";
import type { SubscriptionLookups } from "../create-lookups.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import {
  deleteSubscription,
  disableSubscription,
  pauseSubscription,
  resumeSubscription,
  rotateSecret,
} from "../subscriptions/change-subscription.ts";
import { findSubscription } from "../subscriptions/find-subscription.ts";
import { listHistory } from "../subscriptions/list-history.ts";
import { listSubscriptions } from "../subscriptions/list-subscriptions.ts";
import { registerSubscription } from "../subscriptions/register-subscription.ts";
import { reportHealth } from "../subscriptions/report-health.ts";
import { updateSubscription } from "../subscriptions/update-subscription.ts";
import { answer, answerStream } from "./answer.ts";
import { decodeDisabling, decodeRegistration, decodeUpdate } from "./decode-subscription.ts";
import { decodeHealthReport } from "./decode-health-report.ts";
import { decodeDurationMs } from "./durations.ts";
import { encodeHistoryEntry, encodeSubscription, encodeWithSecret } from "./encode-subscription.ts";
import { assertMayMakeFor, assertOwn, owns } from "./own.ts";
import { decodePage, encodePageToken } from "./page-tokens.ts";
import { requireField, requireFound } from "./require-field.ts";

const WHAT = "subscription";

type Reads = Pick<
  SubscriptionServiceServer,
  "getSubscription" | "listSubscriptions" | "listSubscriptionHistory" | "resolve" | "watch"
>;
type Writes = Pick<
  SubscriptionServiceServer,
  | "createSubscription"
  | "updateSubscription"
  | "pauseSubscription"
  | "resumeSubscription"
  | "disableSubscription"
  | "reportEndpointHealth"
  | "deleteSubscription"
  | "rotateSecret"
>;

/** The service of subscription.proto: decodes, calls one use case, encodes. */
export function createSubscriptionService(
  deps: SubscriptionDeps,
  lookups: SubscriptionLookups,
): SubscriptionServiceServer {
  return { ...createWrites(deps), ...createReads(deps, lookups) };
}

function createWrites(deps: SubscriptionDeps): Writes {
  return {
    createSubscription: answer(async (request, caller) => {
      const registration = decodeRegistration(request);
      assertMayMakeFor(caller, registration.tenantId);
      const subscription = await registerSubscription(deps, registration);
      return { subscription: encodeWithSecret(subscription) };
    }),
    updateSubscription: answer(async (request, caller) => {
      const update = decodeUpdate(request);
      await assertOwn(deps, caller, update.id);
      return { subscription: encodeSubscription(await updateSubscription(deps, update)) };
    }),
    pauseSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      return { subscription: encodeSubscription(await pauseSubscription(deps, id)) };
    }),
    resumeSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      return { subscription: encodeSubscription(await resumeSubscription(deps, id)) };
    }),
    disableSubscription: answer(async (request, caller) => {
      const disabling = decodeDisabling(request);
      await assertOwn(deps, caller, disabling.id);
      return { subscription: encodeSubscription(await disableSubscription(deps, disabling)) };
    }),
    reportEndpointHealth: answer(async (request) => answerHealthReport(deps, request)),
    deleteSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      await deleteSubscription(deps, id);
      return {};
    }),
    rotateSecret: answer(async ({ id, overlap }, caller) => {
      const rotation = { id: requireField("id", id), overlapMs: overlap && decodeDurationMs(overlap) };
      await assertOwn(deps, caller, id);
      return { subscription: encodeWithSecret(await rotateSecret(deps, rotation)) };
    }),
  };
}

/** ReportEndpointHealth, over gRPC and in the process. @throws {RpcError} */
export async function answerHealthReport(
  deps: SubscriptionDeps,
  request: ReportEndpointHealthRequest,
): Promise<ReportEndpointHealthResponse> {
  return { countFrom: new Date(await reportHealth(deps, decodeHealthReport(request))) };
}

function createReads(deps: SubscriptionDeps, lookups: SubscriptionLookups): Reads {
  return {
    getSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      const found = await findSubscription(deps, id);
      return { subscription: encodeSubscription(requireFound(WHAT, id, found)) };
    }),
    listSubscriptions: answer(async (request, caller) => {
      const asked = decodeTenantFilter(request.tenantId);
      if (asked !== undefined && !owns(caller, asked)) return { subscriptions: [], nextPageToken: "" };
      const tenantId = asked ?? caller.boundTo;
      const scope = `subscriptions of ${tenantId ?? "all"}`;
      const page = await listSubscriptions(deps, { tenantId, ...decodePage(request, scope) });
      return {
        subscriptions: page.subscriptions.map(encodeSubscription),
        nextPageToken: encodePageToken(page.nextAfter, scope),
      };
    }),
    listSubscriptionHistory: answer(async ({ id }, caller) => {
      // Not by the subscription as it is now: a deleted one has a history too.
      const entries = await listHistory(deps, requireField("id", id));
      const isFound = entries.length > 0 && owns(caller, entries[0]?.tenantId);
      return { entries: requireFound(WHAT, id, isFound ? entries : undefined).map(encodeHistoryEntry) };
    }),
    resolve: answer(lookups.resolve),
    watch: answerStream(lookups.watch),
  };
}

function decodeTenantFilter(tenantId: string): string | undefined {
  if (tenantId === "") return undefined;
  if (isTenantId(tenantId)) return tenantId;
  throw RpcError.invalid([{ field: "tenant_id", description: `${quote(tenantId)} is not a tenant id` }]);
}
