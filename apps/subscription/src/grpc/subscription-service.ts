import type {
  ReportEndpointHealthRequest,
  ReportEndpointHealthResponse,
  Subscription,
  SubscriptionServiceServer,
} from "@postrider/contracts/postrider/v1/subscription";
import { isTenantId, quote } from "@postrider/domain-event";
import type { LiveSubscription } from "@postrider/domain-subscription";
import { decodePage, encodePageToken, RpcError } from "@postrider/kit-rpc";
import type { SubscriptionLookups } from "../create-lookups.ts";
import { listMasterKeyUsage } from "../secrets/master-key-usage.ts";
import { rewrapSecrets } from "../secrets/rewrap-secrets.ts";
import { verifySubscription } from "../ownership/verify-subscription.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import {
  deleteSubscription,
  disableSubscription,
  pauseSubscription,
  resumeSubscription,
} from "../subscriptions/change-subscription.ts";
import { findSubscription } from "../subscriptions/find-subscription.ts";
import { listHistory } from "../subscriptions/list-history.ts";
import { listSubscriptions } from "../subscriptions/list-subscriptions.ts";
import { registerSubscription } from "../subscriptions/register-subscription.ts";
import { reportHealth } from "../subscriptions/report-health.ts";
import { rotateSecret } from "../subscriptions/rotate-secret.ts";
import { type Updated, updateSubscription } from "../subscriptions/update-subscription.ts";
import { answer, answerStream } from "./answer.ts";
import { decodeDisabling, decodeRegistration, decodeRotation, decodeUpdate } from "./decode-subscription.ts";
import { decodeHealthReport } from "./decode-health-report.ts";
import { encodeHistoryEntry, encodeSubscription, encodeWithSecret } from "./encode-subscription.ts";
import { assertMayMakeFor, assertOwn, owns } from "./own.ts";
import { requireField, requireFound } from "./require-field.ts";

const WHAT = "subscription";

type Reads = Pick<
  SubscriptionServiceServer,
  "getSubscription" | "listSubscriptions" | "listSubscriptionHistory" | "resolve" | "watch"
>;
type SecretOperations = Pick<SubscriptionServiceServer, "getMasterKeyUsage" | "rewrapSecrets">;
type Writes = Pick<
  SubscriptionServiceServer,
  | "createSubscription"
  | "updateSubscription"
  | "pauseSubscription"
  | "resumeSubscription"
  | "verifySubscription"
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
  return { ...createWrites(deps), ...createReads(deps, lookups), ...createSecretOperations(deps) };
}

function createWrites(deps: SubscriptionDeps): Writes {
  const show = (subscription: LiveSubscription): { subscription: Subscription } => ({
    subscription: encodeSubscription(subscription, deps.clock.nowMs()),
  });
  const showWithSecret = ({ subscription, secret }: Updated): { subscription: Subscription } => ({
    subscription: encodeWithSecret(subscription, secret, deps.clock.nowMs()),
  });
  return {
    createSubscription: answer(async (request, caller) => {
      const registration = decodeRegistration(request);
      assertMayMakeFor(caller, registration.tenantId);
      return showWithSecret(await registerSubscription(deps, registration));
    }),
    updateSubscription: answer(async (request, caller) => {
      const update = decodeUpdate(request);
      await assertOwn(deps, caller, update.id);
      return showWithSecret(await updateSubscription(deps, update));
    }),
    pauseSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      return show(await pauseSubscription(deps, id));
    }),
    resumeSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      return show(await resumeSubscription(deps, id));
    }),
    verifySubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      return show(requireFound(WHAT, id, await verifySubscription(deps, id)));
    }),
    disableSubscription: answer(async (request, caller) => {
      const disabling = decodeDisabling(request);
      await assertOwn(deps, caller, disabling.id);
      return show(await disableSubscription(deps, disabling));
    }),
    reportEndpointHealth: answer(async (request) => answerHealthReport(deps, request)),
    deleteSubscription: answer(async ({ id }, caller) => {
      await assertOwn(deps, caller, requireField("id", id));
      await deleteSubscription(deps, id);
      return {};
    }),
    rotateSecret: answer(async (request, caller) => {
      const rotation = decodeRotation(request);
      await assertOwn(deps, caller, rotation.id);
      return showWithSecret(await rotateSecret(deps, rotation));
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
      return { subscription: encodeSubscription(requireFound(WHAT, id, found), deps.clock.nowMs()) };
    }),
    listSubscriptions: answer(async (request, caller) => {
      const asked = decodeTenantFilter(request.tenantId);
      if (asked !== undefined && !owns(caller, asked)) return { subscriptions: [], nextPageToken: "" };
      const tenantId = asked ?? caller.boundTo;
      const scope = `subscriptions of ${tenantId ?? "all"}`;
      const page = await listSubscriptions(deps, { tenantId, ...decodePage(request, scope) });
      return {
        subscriptions: page.subscriptions.map((each) => encodeSubscription(each, deps.clock.nowMs())),
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

function createSecretOperations(deps: SubscriptionDeps): SecretOperations {
  return {
    getMasterKeyUsage: answer(async () => {
      const usage = await listMasterKeyUsage(deps);
      const keys = usage.map(({ id, secrets, isKnown }) => ({ id, secrets: BigInt(secrets), known: isKnown }));
      return { currentKeyId: deps.sealer.currentKeyId, keys };
    }),
    rewrapSecrets: answer(async (request) => {
      const scope = `secrets that are not under ${deps.sealer.currentKeyId}`;
      const { rewrapped, unreadable, nextAfter } = await rewrapSecrets(deps, decodePage(request, scope));
      const nextPageToken = encodePageToken(nextAfter, scope);
      return { rewrapped, unreadableSubscriptionIds: [...new Set(unreadable)], nextPageToken };
    }),
  };
}

function decodeTenantFilter(tenantId: string): string | undefined {
  if (tenantId === "") return undefined;
  if (isTenantId(tenantId)) return tenantId;
  throw RpcError.invalid([
    { field: "tenant_id", description: `${quote(tenantId)} is not 1 to 64 letters, digits, "_" or "-"` },
  ]);
}
