// Sends every text, list and map of every request far too large, and expects to be told so.
import { type DescMethod, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { PublishBatchResponse, PublishStreamResponse } from "@postrider/contracts/postrider/v1/ingest";
import { Status } from "@postrider/contracts/google/rpc/status";
import { type FieldViolation, readErrorDetails } from "@postrider/kit-rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PlatformUnderFuzz, startPlatformUnderFuzz } from "../fuzz/platform-under-fuzz.ts";
import { findServedMethods, loadRegistry } from "../fuzz/requests/served-methods.ts";
import { findGrowingFields, formatPath, type GrowingField } from "./find-fields.ts";
import { makeFineRequest } from "./fine-requests.ts";
import { formatLimitsPage, type Limit } from "./limits-page.ts";
import { createOversized } from "./oversized-request.ts";

/** What the platform itself sets: in a request nobody looks at it, and only the message bounds it. */
const NOT_LOOKED_AT = new Set([
  ...["disabled_reason", "public_keys", "public_keys.key", "pending_reason", "consent.origin"].flatMap((name) => [
    `CreateSubscription subscription.${name}`,
    `UpdateSubscription subscription.${name}`,
  ]),
  "CreateSubscription subscription.id",
  "CreateAccessToken access_token.id",
  "CreateAccessToken access_token.creator",
  // Can't be changed by an update: no mask may name them.
  "UpdateSubscription subscription.tenant_id",
  "UpdateSubscription subscription.secret",
]);

let platform: PlatformUnderFuzz;
let client: Client;
let methods: readonly DescMethod[];

beforeAll(async () => {
  platform = await startPlatformUnderFuzz();
  client = new Client(platform.process.grpcAddress, credentials.createInsecure());
  methods = await findServedMethods(platform.process.grpcAddress, loadRegistry());
});

afterAll(async () => {
  client.close();
  await platform.remove();
});

const isOurs = ({ parent }: DescMethod): boolean => parent.typeName.startsWith("postrider.");

/** What is said of the field; undefined if it is taken. */
async function refusalOf(field: GrowingField): Promise<readonly FieldViolation[]> {
  const mask = field.path[1]?.jsonName ?? "description";
  const fine = makeFineRequest(field.method.name, platform.surroundings.subscriptionIds[0] ?? "", mask);
  const message = Buffer.from(toBinary(field.method.input, createOversized(field, fine)));
  return sendRaw(field.method, message);
}

/** The violations that the call, or what is within its answer, is refused with. */
async function sendRaw(method: DescMethod, message: Buffer): Promise<readonly FieldViolation[]> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const asIs = (bytes: Buffer): Buffer => bytes;
  const options = { deadline: Date.now() + 20_000 };
  return new Promise((resolve) => {
    const fail = (error: ServiceError): void => {
      resolve(readErrorDetails(error).violations);
    };
    if (method.methodKind === "unary") {
      client.makeUnaryRequest(path, asIs, asIs, message, new Metadata(), options, (error, answer) => {
        if (error) fail(error);
        else
          resolve(method.name === "PublishBatch" ? readRejected(PublishBatchResponse.decode(answer ?? message)) : []);
      });
      return;
    }
    const call = client.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), options);
    call.on("error", fail);
    call.on("data", (answer: Buffer) => {
      const { result } = PublishStreamResponse.decode(answer);
      resolve(result ? readRejected({ results: [result] }) : []);
      call.cancel();
    });
    call.end(message);
  });
}

function readRejected({ results }: PublishBatchResponse): readonly FieldViolation[] {
  const [first] = results;
  if (first?.outcome?.$case !== "rejected") return [];
  const metadata = new Metadata();
  const status = first.outcome.value;
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode(status).finish()));
  return readErrorDetails(Object.assign(new Error(status.message), { code: status.code, metadata })).violations;
}

test("every text, list and map of every request has a bound, which is told, and stands in docs/limits.md", async () => {
  const limits: Limit[] = [];
  const unbounded: string[] = [];
  for (const field of methods.filter(isOurs).flatMap(findGrowingFields)) {
    const name = `${field.method.name} ${formatPath(field)}`;
    const violations = await refusalOf(field);
    const found = violations.find((violation) => names(violation.field, field));
    if (found) limits.push({ method: field.method.name, path: formatPath(field), words: found.description });
    else if (!NOT_LOOKED_AT.has(name)) unbounded.push(`${name}: ${JSON.stringify(violations).slice(0, 200)}`);
  }
  expect(unbounded).toEqual([]);
  await expect(formatLimitsPage(limits)).toMatchFileSnapshot("../../docs/limits.md");
});

/** A violation may name the field as it is called within the request, an item of it, or what of it is wrong. */
function names(told: string, { path }: GrowingField): boolean {
  const last = path.at(-1)?.name ?? "";
  // The data of all examples together.
  if (last === "data" && told === "event_type.examples") return true;
  const alias = last === "json_data" || last === "binary_data" ? "data" : last === "paths" ? "update_mask" : last;
  return new RegExp(`(^|[.])${alias}($|[[.])`).test(told);
}
