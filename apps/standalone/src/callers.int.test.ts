import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceDefinition } from "@grpc/grpc-js";
import { HealthService } from "@postrider/contracts/grpc/health/v1/health";
import {
  ServerReflectionClient,
  type ServerReflectionResponse,
  ServerReflectionService,
} from "@postrider/contracts/grpc/reflection/v1/reflection";
import {
  type AccessToken,
  AccessTokenServiceService,
  type ListAccessTokensResponse,
} from "@postrider/contracts/postrider/v1/access";
import { Delivery_State as State, DeliveryServiceService } from "@postrider/contracts/postrider/v1/delivery";
import { EventType, EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import { Event, IngestServiceClient, IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import {
  RotateSecretRequest,
  Subscription,
  SubscriptionServiceService,
} from "@postrider/contracts/postrider/v1/subscription";
import { readErrorDetails } from "@postrider/kit-rpc";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type GuardedPlatform, type Listed, startGuardedPlatform } from "./testing/guarded-platform.ts";

/** How a method is called so that it does something, and what it is for whom. */
interface Case {
  /** Changes something, or shows something, of the tenant acme; made anew for each call that shall succeed. */
  readonly request: (world: World) => unknown;
  /** Scopes of which one is enough; "callers": any caller; "everybody": also without credentials. */
  readonly scopes: readonly Scope[] | "callers" | "everybody";
  /** What a caller with the scope gets that is bound to another tenant. */
  readonly elsewhere: "PERMISSION_DENIED" | "NOT_FOUND" | "nothing" | "shared";
  /** Whether callers that are bound to acme may do it. */
  readonly isForBound: boolean;
}

type Scope = "publish" | "manage" | "read" | "operate";
const SCOPES: readonly Scope[] = ["publish", "manage", "read", "operate"];

interface World {
  /** An active subscription of acme. */
  readonly id: string;
  /** An event type that nobody else has. */
  readonly type: string;
  /** What the ledger has of acme. */
  readonly eventId: string;
  readonly deliveryId: string;
  /** A token that was made. */
  readonly tokenId: string;
  readonly tokenHash: string;
}

const nothing = new Uint8Array();
const subscriptionOf = (fields: Partial<Subscription>): Subscription => ({
  ...{ ...Subscription.decode(nothing), tenantId: "acme", callbackUrl: "http://127.0.0.1:9/", eventTypes: ["never"] },
  ...fields,
});
const eventTypeOf = (name: string): EventType => ({ ...EventType.decode(nothing), name });
const eventOf = (type: string): Event => ({
  ...{ ...Event.decode(nothing), tenantId: "acme", type },
  data: { $case: "jsonData", value: "{}" },
});
/** More than all worlds have. */
const page = { pageSize: 1000, pageToken: "" };
const anyDelivery = {
  ...{ tenantId: "", subscriptionId: "", eventId: "", state: State.STATE_UNSPECIFIED, from: undefined, to: undefined },
  ...page,
};

const OWN = { scopes: ["manage"], elsewhere: "NOT_FOUND", isForBound: true } as const;
const READ = { scopes: ["read", "manage"], elsewhere: "NOT_FOUND", isForBound: true } as const;
const PUBLISH = { scopes: ["publish"], elsewhere: "PERMISSION_DENIED", isForBound: true } as const;
const OPERATE = { scopes: ["operate"], elsewhere: "PERMISSION_DENIED", isForBound: false } as const;
const MANAGE = { scopes: ["manage"], elsewhere: "PERMISSION_DENIED", isForBound: false } as const;
const CATALOG = { scopes: ["read", "manage", "operate"], elsewhere: "shared", isForBound: true } as const;
const OPEN = { scopes: "everybody", elsewhere: "shared", isForBound: true } as const;

/** Every method that is served. A new one fails the first test until it stands here. */
const CASES: Readonly<Record<string, Case>> = {
  "postrider.v1.IngestService/Publish": { ...PUBLISH, request: ({ type }) => ({ event: eventOf(type) }) },
  "postrider.v1.IngestService/PublishBatch": { ...PUBLISH, request: ({ type }) => ({ events: [eventOf(type)] }) },
  "postrider.v1.IngestService/PublishStream": {
    ...PUBLISH,
    request: ({ type }) => ({ sequence: 1n, event: eventOf(type) }),
  },
  "postrider.v1.SubscriptionService/CreateSubscription": {
    ...{ ...OWN, elsewhere: "PERMISSION_DENIED" },
    request: ({ type }) => ({ subscription: subscriptionOf({ eventTypes: [`${type}.*`] }) }),
  },
  "postrider.v1.SubscriptionService/GetSubscription": { ...READ, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/ListSubscriptions": {
    ...{ ...READ, elsewhere: "nothing" },
    request: () => ({ tenantId: "acme", ...page }),
  },
  "postrider.v1.SubscriptionService/UpdateSubscription": {
    ...OWN,
    request: ({ id }) => ({ subscription: subscriptionOf({ id, description: "x" }), updateMask: ["description"] }),
  },
  "postrider.v1.SubscriptionService/DeleteSubscription": { ...OWN, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/PauseSubscription": { ...OWN, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/ResumeSubscription": { ...OWN, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/DisableSubscription": {
    ...{ ...OWN, scopes: ["manage", "operate"] },
    request: ({ id }) => ({ id, reason: "x", callbackUrl: "" }),
  },
  "postrider.v1.SubscriptionService/VerifySubscription": { ...OWN, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/RotateSecret": {
    ...OWN,
    request: ({ id }) => ({ ...RotateSecretRequest.decode(nothing), id }),
  },
  "postrider.v1.SubscriptionService/ListSubscriptionHistory": { ...READ, request: ({ id }) => ({ id }) },
  "postrider.v1.SubscriptionService/ReportEndpointHealth": {
    ...OPERATE,
    request: ({ id }) => ({
      ...{ subscriptionId: id, callbackUrl: "http://127.0.0.1:9/" },
      health: { $case: "failing", value: { since: new Date(), lastFailure: new Date(), failures: 100n } },
    }),
  },
  "postrider.v1.SubscriptionService/Resolve": {
    ...OPERATE,
    request: ({ type }) => ({ tenantId: "acme", eventType: type }),
  },
  "postrider.v1.SubscriptionService/Watch": { ...OPERATE, request: () => ({ afterRevision: 0n }) },
  "postrider.v1.SubscriptionService/GetMasterKeyUsage": { ...OPERATE, request: () => ({}) },
  "postrider.v1.SubscriptionService/RewrapSecrets": { ...OPERATE, request: () => page },
  "postrider.v1.EventTypeService/CreateEventType": {
    ...MANAGE,
    request: ({ type }) => ({ eventType: eventTypeOf(`${type}.new`) }),
  },
  "postrider.v1.EventTypeService/GetEventType": { ...CATALOG, request: ({ type }) => ({ name: type }) },
  "postrider.v1.EventTypeService/ListEventTypes": { ...CATALOG, request: () => page },
  "postrider.v1.EventTypeService/UpdateEventType": {
    ...MANAGE,
    request: ({ type }) => ({ eventType: { ...eventTypeOf(type), description: "x" }, updateMask: undefined }),
  },
  "postrider.v1.EventTypeService/DeprecateEventType": { ...MANAGE, request: ({ type }) => ({ name: type }) },
  "postrider.v1.EventTypeService/WatchEventTypes": { ...CATALOG, request: () => ({ afterRevision: 0n }) },
  "postrider.v1.DeliveryService/GetEvent": { ...READ, request: ({ eventId: id }) => ({ id, acceptTime: undefined }) },
  "postrider.v1.DeliveryService/ListEvents": {
    ...{ ...READ, elsewhere: "nothing" },
    request: () => ({ tenantId: "acme", type: "", from: undefined, to: undefined, ...page }),
  },
  "postrider.v1.DeliveryService/GetDelivery": {
    ...READ,
    request: ({ deliveryId: id }) => ({ id, acceptTime: undefined }),
  },
  "postrider.v1.DeliveryService/ListDeliveries": {
    ...{ ...READ, elsewhere: "nothing" },
    request: () => ({ ...anyDelivery, tenantId: "acme" }),
  },
  "postrider.v1.AccessTokenService/CreateAccessToken": { ...MANAGE, request: () => tokenRequest(["manage"]) },
  "postrider.v1.AccessTokenService/ListAccessTokens": {
    ...{ ...MANAGE, scopes: ["read", "manage"] },
    request: () => page,
  },
  "postrider.v1.AccessTokenService/RevokeAccessToken": { ...MANAGE, request: ({ tokenId }) => ({ id: tokenId }) },
  "postrider.v1.AccessTokenService/FindAccessToken": {
    ...OPERATE,
    request: ({ tokenHash }) => ({ sha256: tokenHash }),
  },
  "postrider.v1.AccessTokenService/WatchAccessTokens": { ...OPERATE, request: () => ({ afterRevision: 0n }) },
  "postrider.v1.AccessTokenService/RecordAccessTokenUse": {
    ...OPERATE,
    request: ({ tokenId }) => ({ id: tokenId, useTime: new Date() }),
  },
  "grpc.health.v1.Health/Check": { ...OPEN, request: () => ({ service: "" }) },
  "grpc.health.v1.Health/List": { ...OPEN, request: () => ({}) },
  "grpc.health.v1.Health/Watch": { ...OPEN, request: () => ({ service: "" }) },
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": {
    ...{ ...OPEN, scopes: "callers" },
    request: () => ({ host: "", messageRequest: { $case: "listServices", value: "" } }),
  },
};

const DEFINITIONS: Readonly<Record<string, ServiceDefinition>> = {
  "postrider.v1.IngestService": IngestServiceService,
  "postrider.v1.SubscriptionService": SubscriptionServiceService,
  "postrider.v1.EventTypeService": EventTypeServiceService,
  "postrider.v1.DeliveryService": DeliveryServiceService,
  "postrider.v1.AccessTokenService": AccessTokenServiceService,
  "grpc.health.v1.Health": HealthService,
  "grpc.reflection.v1.ServerReflection": ServerReflectionService,
};

function tokenRequest(scopes: readonly string[]): object {
  const mine = {
    id: "",
    tenantId: "",
    creator: "",
    createTime: undefined,
    revokeTime: undefined,
    lastUseTime: undefined,
  };
  return { accessToken: { ...mine, name: "made", scopes, expireTime: undefined } };
}

let platform: GuardedPlatform;
let client: Client;
/** Used for what shall be refused. */
let world: World;

/** Calls any method once, as the caller of that name; resolves with the first answer. @throws ServiceError */
async function callAs(name: string, method: string, request: unknown): Promise<unknown> {
  const [service = ""] = method.split("/");
  const definition = Object.values(DEFINITIONS[service] ?? {}).find(({ path }) => path === `/${method}`);
  if (!definition) throw new Error(`${method} is not defined`);
  const metadata = new Metadata();
  if (name !== "") metadata.set("authorization", `Bearer ${platform.tokens[name] ?? name}`);
  const { path, requestSerialize, responseDeserialize, requestStream, responseStream } = definition;
  const options = { deadline: Date.now() + 10_000 };
  return new Promise((resolve, reject) => {
    if (!responseStream) {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, answer) => {
          if (error) reject(error);
          else resolve(answer);
        },
      );
      return;
    }
    const stream = requestStream
      ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options)
      : client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, options);
    stream.on("error", reject);
    stream.once("data", (answer) => {
      resolve(answer);
      stream.cancel();
    });
    if ("write" in stream) (stream as { write: (message: unknown) => unknown }).write(request);
  });
}

async function outcomeOf(name: string, method: string, request: unknown): Promise<string> {
  try {
    const answer = await callAs(name, method, request);
    return refusedItem(answer) ?? "OK";
  } catch (error) {
    return readErrorDetails(error).code;
  }
}

/** Batches and streams refuse item by item. */
function refusedItem(answer: unknown): string | undefined {
  const { results, result } = answer as { results?: readonly Result[]; result?: Result };
  const outcome = (results?.[0] ?? result)?.outcome;
  if (outcome?.$case !== "rejected") return undefined;
  return outcome.value.code === 7 ? "PERMISSION_DENIED" : `rejected with ${outcome.value.code}`;
}

interface Result {
  readonly outcome?: { readonly $case: string; readonly value: { readonly code: number } };
}

/** All that the platform knows, as root sees it: what a refused call must not change. */
async function readState(): Promise<string> {
  const everything = { tenantId: "", pageSize: 1000, pageToken: "" };
  const list = async (method: string): Promise<unknown> => callAs("root", `postrider.v1.${method}`, everything);
  const { subscriptions } = (await list("SubscriptionService/ListSubscriptions")) as { subscriptions: Subscription[] };
  const histories = subscriptions.map(async ({ id }) =>
    callAs("root", "postrider.v1.SubscriptionService/ListSubscriptionHistory", { id }),
  );
  const { accessTokens } = (await list("AccessTokenService/ListAccessTokens")) as ListAccessTokensResponse;
  const metrics = await (await fetch(`http://${platform.adminAddress}/metrics`)).text();
  const state = [
    subscriptions,
    await Promise.all(histories),
    await list("EventTypeService/ListEventTypes"),
    accessTokens.map((token) => ({ ...token, lastUseTime: undefined })),
    /^postrider_events_accepted_total \d+$/m.exec(metrics)?.[0],
  ];
  return JSON.stringify(state, replaceBigints);
}

let worlds = 0;

async function createWorld(): Promise<World> {
  worlds += 1;
  const type = `type_${worlds}`;
  await callAs("root", "postrider.v1.EventTypeService/CreateEventType", { eventType: eventTypeOf(type) });
  const { subscription } = (await callAs("root", "postrider.v1.SubscriptionService/CreateSubscription", {
    subscription: subscriptionOf({ eventTypes: [`${type}.*`] }),
  })) as { subscription: Subscription };
  const { accessToken, token } = (await callAs(
    "root",
    "postrider.v1.AccessTokenService/CreateAccessToken",
    tokenRequest(["read"]),
  )) as { accessToken: { id: string }; token: string };
  const tokenHash = createHash("sha256").update(token).digest("hex");
  return { id: subscription.id, type, ...recorded, tokenId: accessToken.id, tokenHash };
}

let recorded = { eventId: "", deliveryId: "" };

/** An event of acme whose first attempt has failed, in the ledger. */
async function recordDelivery(): Promise<typeof recorded> {
  await callAs("root", "postrider.v1.EventTypeService/CreateEventType", { eventType: eventTypeOf("recorded") });
  const subscription = subscriptionOf({ eventTypes: ["recorded"] });
  await callAs("root", "postrider.v1.SubscriptionService/CreateSubscription", { subscription });
  const published = await callAs("root", "postrider.v1.IngestService/Publish", { event: eventOf("recorded") });
  const { eventId } = published as { eventId: string };
  for (;;) {
    // The ledger is a moment behind.
    const listed = await callAs("root", "postrider.v1.DeliveryService/ListDeliveries", { ...anyDelivery, eventId });
    const [delivery] = (listed as { deliveries: readonly { id: string }[] }).deliveries;
    if (delivery) return { eventId, deliveryId: delivery.id };
  }
}

const methods = Object.entries(CASES);
const guarded = methods.filter(([, { scopes }]) => scopes !== "everybody");
const scoped = methods.filter(
  (entry): entry is [string, Case & { scopes: readonly Scope[] }] => typeof entry[1].scopes !== "string",
);

beforeAll(async () => {
  const listed = [undefined, "acme", "globex"].flatMap((tenant) =>
    SCOPES.map((scope): [string, Listed] => [
      tenant === undefined ? scope : `${tenant} ${scope}`,
      { scopes: [scope], ...(tenant !== undefined && { tenant }) },
    ]),
  );
  platform = await startGuardedPlatform({
    root: { scopes: SCOPES },
    "acme root": { scopes: SCOPES, tenant: "acme" },
    ...Object.fromEntries(listed),
  });
  client = new Client(platform.address, credentials.createInsecure());
  recorded = await recordDelivery();
  world = await createWorld();
  return async () => {
    client.close();
    await platform.close();
  };
});

describe("every method of every service", () => {
  test("is among those below, and nothing else is", async () => {
    expect(Object.keys(CASES).sort()).toEqual((await findServedMethods()).sort());
  });

  test.each(guarded)("%s: nobody without credentials, or with wrong ones", async (method, { request }) => {
    const before = await readState();
    for (const name of ["", "pr_nonsense", `pr_${"A".repeat(49)}`, "a.b.c"]) {
      expect(await outcomeOf(name, method, request(world))).toBe("UNAUTHENTICATED");
    }
    expect(await readState()).toBe(before);
  });

  test.each(scoped)("%s: nobody without the scope", async (method, { request, scopes }) => {
    const before = await readState();
    for (const scope of SCOPES.filter((each) => !scopes.includes(each))) {
      for (const name of [scope, `acme ${scope}`]) {
        expect([name, await outcomeOf(name, method, request(world))]).toEqual([name, "PERMISSION_DENIED"]);
      }
    }
    expect(await readState()).toBe(before);
  });

  test.each(scoped)("%s: who is bound to another tenant sees nothing and changes nothing", async (method, each) => {
    const { request, scopes, elsewhere } = each;
    const before = await readState();
    for (const scope of scopes) {
      const name = `globex ${scope}`;
      if (elsewhere === "shared" || elsewhere === "nothing") {
        const answer = JSON.stringify(await callAs(name, method, request(world)), replaceBigints);
        for (const theirs of [world.id, '"acme"', "http://127.0.0.1:9/"]) expect(answer).not.toContain(theirs);
      } else expect([name, await outcomeOf(name, method, request(world))]).toEqual([name, elsewhere]);
    }
    expect(await readState()).toBe(before);
  });

  test.each(methods)("%s: who may", async (method, each) => {
    for (const name of namesOfThoseWhoMay(each)) {
      expect([name, await outcomeOf(name, method, each.request(await createWorld()))]).toEqual([name, "OK"]);
    }
  });
});

function namesOfThoseWhoMay({ scopes, isForBound }: Case): readonly string[] {
  if (scopes === "everybody") return ["", "read"];
  return (scopes === "callers" ? SCOPES : scopes).flatMap((scope) => (isForBound ? [scope, `acme ${scope}`] : [scope]));
}

test("a bound caller lists its own, without saying whose", async () => {
  const list = async (name: string): Promise<readonly string[]> => {
    const answer = await callAs(name, "postrider.v1.SubscriptionService/ListSubscriptions", { tenantId: "", ...page });
    return (answer as { subscriptions: readonly Subscription[] }).subscriptions.map(({ tenantId }) => tenantId);
  };
  const subscription = subscriptionOf({ tenantId: "globex", eventTypes: ["*"] });
  await callAs("root", "postrider.v1.SubscriptionService/CreateSubscription", { subscription });
  expect(new Set(await list("read"))).toEqual(new Set(["acme", "globex"]));
  expect(new Set(await list("acme read"))).toEqual(new Set(["acme"]));
  expect(await list("globex read")).toEqual(["globex"]);
});

test("the history of a deleted subscription stays its tenant's", async () => {
  const { id } = await createWorld();
  await callAs("root", "postrider.v1.SubscriptionService/DeleteSubscription", { id });
  const history = "postrider.v1.SubscriptionService/ListSubscriptionHistory";
  expect(await outcomeOf("acme read", history, { id })).toBe("OK");
  expect(await outcomeOf("globex read", history, { id })).toBe("NOT_FOUND");
});

test("a token can't make one that may do more", async () => {
  const create = "postrider.v1.AccessTokenService/CreateAccessToken";
  expect(await outcomeOf("manage", create, tokenRequest(["manage", "operate"]))).toBe("PERMISSION_DENIED");
  expect(await outcomeOf("root", create, tokenRequest(["manage", "operate"]))).toBe("OK");
});

test("what is not there, and what is another tenant's, read the same", async () => {
  const { id } = await createWorld();
  const failureOf = async (method: string, asked: string): Promise<unknown> => {
    const request = CASES[method]?.request({ ...world, id: asked });
    const failure: unknown = await callAs("globex manage", method, request).catch(readErrorDetails);
    return JSON.parse(JSON.stringify(failure).replaceAll(asked, "(id)"));
  };
  for (const [method, { elsewhere }] of methods.filter(([, each]) => each.elsewhere === "NOT_FOUND")) {
    const theirs = await failureOf(method, id);
    expect(theirs).toMatchObject({ code: elsewhere });
    expect(await failureOf(method, id.replace(/.$/, "!"))).toEqual(theirs);
  }
});

test("an event of Postrider's own types is published by its services only", async () => {
  const publish = "postrider.v1.IngestService/Publish";
  const request = { event: eventOf("postrider.subscription.failing") };
  expect(await outcomeOf("publish", publish, request)).toBe("PERMISSION_DENIED");
  expect(await outcomeOf("acme root", publish, request)).toBe("PERMISSION_DENIED");
  // Let in, and then refused for its data.
  expect(await outcomeOf("root", publish, request)).toBe("INVALID_ARGUMENT");
});

describe("a token that was made", () => {
  test("is good at once, and no more once it is revoked, also for a stream that is open", async () => {
    const { accessToken, token } = (await callAs(
      "root",
      "postrider.v1.AccessTokenService/CreateAccessToken",
      tokenRequest(["publish"]),
    )) as { accessToken: AccessToken; token: string };
    const publish = "postrider.v1.IngestService/Publish";
    expect(await outcomeOf(token, publish, { event: eventOf(world.type) })).toBe("OK");
    const ingest = new IngestServiceClient(platform.address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    const stream = ingest.publishStream(metadata);
    onTestFinished(() => {
      ingest.close();
    });
    const answered = once(stream, "data");
    const ended = once(stream, "error");
    ended.catch(() => undefined);
    stream.write({ sequence: 1n, event: eventOf(world.type) });
    await answered;
    await callAs("root", "postrider.v1.AccessTokenService/RevokeAccessToken", { id: accessToken.id });
    const [failure] = (await ended) as readonly unknown[];
    expect(readErrorDetails(failure)).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await outcomeOf(token, publish, { event: eventOf(world.type) })).toBe("UNAUTHENTICATED");
    expect(await platform.isStored(token)).toBe(false);
    expect(await platform.isStored(accessToken.id)).toBe(true);
  });

  test("is listed without itself, with its last use", async () => {
    const { accessToken, token } = (await callAs(
      "root",
      "postrider.v1.AccessTokenService/CreateAccessToken",
      tokenRequest(["read"]),
    )) as { accessToken: AccessToken; token: string };
    const list = async (): Promise<AccessToken | undefined> => {
      const answer = await callAs("read", "postrider.v1.AccessTokenService/ListAccessTokens", page);
      return (answer as ListAccessTokensResponse).accessTokens.find(({ id }) => id === accessToken.id);
    };
    expect(await list()).toEqual({ ...accessToken, creator: "root" });
    await callAs(token, "postrider.v1.EventTypeService/ListEventTypes", page);
    // Told on its own, behind the call that it is of.
    await expect.poll(async () => (await list())?.lastUseTime, { timeout: 10_000 }).toBeInstanceOf(Date);
    expect(JSON.stringify(await list(), replaceBigints)).not.toContain(token);
  });
});

/** What reflection says is served, with the methods that the descriptors give it. */
async function findServedMethods(): Promise<string[]> {
  const reflection = new ServerReflectionClient(platform.address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${platform.tokens["read"] ?? ""}`);
  const stream = reflection.serverReflectionInfo(metadata);
  stream.end({ host: "", messageRequest: { $case: "listServices", value: "" } });
  const names: string[] = [];
  for await (const answer of stream as AsyncIterable<ServerReflectionResponse>) {
    if (answer.messageResponse?.$case !== "listServicesResponse") continue;
    names.push(...answer.messageResponse.value.service.map(({ name }) => name));
  }
  reflection.close();
  const path = fileURLToPath(import.meta.resolve("@postrider/contracts/descriptors.binpb"));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(path)));
  return names.flatMap(
    (name) => registry.getService(name)?.methods.map((method) => `${name}/${method.name}`) ?? [name],
  );
}

function replaceBigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
