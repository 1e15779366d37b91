import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createServerCredentials, type Doorkeeper, RpcError } from "@postrider/kit-rpc";
import { createTestAuthority } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CliConfig, parseConfig } from "./config.ts";
import { runCli } from "./create-cli.ts";
import { ACCESS_TOKEN, type InMemoryPlatform, startInMemoryPlatform } from "./testing/in-memory-platform.ts";

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function start(...args: Parameters<typeof startInMemoryPlatform>): Promise<InMemoryPlatform> {
  const platform = await startInMemoryPlatform(...args);
  onTestFinished(platform.stop);
  return platform;
}

async function run(
  { address }: Pick<InMemoryPlatform, "address">,
  args: readonly string[],
  config: Partial<CliConfig> = {},
): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const exitCode = await runCli(args, {
    config: { ...parseConfig({}), address, ...config },
    stdin: Readable.from([]),
    stdout: { write: (text) => (printed.stdout += text) },
    stderr: { write: (text) => (printed.stderr += text) },
  });
  return { exitCode, ...printed };
}

const CREATE = ["tokens", "create", "--name", "orders", "--scopes", "publish,read"];

describe("tokens", () => {
  test("create shows the token, once, and what it is for", async () => {
    const platform = await start();
    const { exitCode, stdout } = await run(platform, [
      ...CREATE,
      "--tenant",
      "acme",
      "--expires",
      "2030-01-31T12:00:00Z",
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(ACCESS_TOKEN);
    expect(stdout).toContain("It is shown only once");
    expect(platform.accessTokens.get("tok_1")).toMatchObject({
      ...{ name: "orders", scopes: ["publish", "read"], tenantId: "acme" },
      expireTime: new Date("2030-01-31T12:00:00Z"),
    });
    expect((await run(platform, [...CREATE, "--print-token"])).stdout).toBe(`${ACCESS_TOKEN}\n`);
    expect(JSON.parse((await run(platform, [...CREATE, "--json"])).stdout)).toEqual({
      ...{ id: "tok_3", name: "orders", scopes: ["publish", "read"], creator: "ops" },
      ...{ createTime: "2030-01-31T12:00:00.000Z", token: ACCESS_TOKEN },
    });
  });

  test("a time to live counts from now", async () => {
    const platform = await start();
    const beforeMs = Date.now();
    await run(platform, [...CREATE, "--expires", "1h"]);
    const expiresAtMs = platform.accessTokens.get("tok_1")?.expireTime?.getTime() ?? 0;
    expect(expiresAtMs).toBeGreaterThanOrEqual(beforeMs + 3_600_000);
    expect(expiresAtMs).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(await run(platform, [...CREATE, "--expires", "soon"])).toMatchObject({ exitCode: 2 });
  });

  test("list has a line each, over several pages, and revoke ends one", async () => {
    const platform = await start();
    for (let made = 0; made < 5; made += 1) await run(platform, CREATE);
    expect(await run(platform, ["tokens", "revoke", "tok_2"])).toMatchObject({
      exitCode: 0,
      stdout: "revoked tok_2\n",
    });
    const lines = (await run(platform, ["tokens", "list"])).stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(/\s+/).slice(0, 2).join(" "))).toEqual([
      ...["ID STATE", "tok_1 valid", "tok_2 revoked", "tok_3 valid", "tok_4 valid", "tok_5 valid"],
    ]);
    const documents = (await run(platform, ["tokens", "list", "--json"])).stdout.trimEnd().split("\n");
    expect(documents.map((line) => (JSON.parse(line) as { id: string }).id)).toContain("tok_5");
    expect(await run(platform, ["tokens", "revoke", "tok_9"])).toMatchObject({ exitCode: 1 });
  });

  test("generate makes a token and its hash without asking anybody", async () => {
    const nobody = { address: "127.0.0.1:1" };
    const { stdout, exitCode } = await run(nobody, ["tokens", "generate", "--json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      token: expect.stringMatching(/^pr_[\w-]{49}$/) as string,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });
});

/** Knows who has the token, or a certificate. */
const doorkeeper: Doorkeeper = {
  identify: ({ metadata, peerCertificate }) => {
    const name = peerCertificate()?.subject.CN;
    const isKnown = metadata.get("authorization")[0] === `Bearer ${ACCESS_TOKEN}` || name === "ops";
    if (!isKnown) throw new RpcError("unauthenticated", "no valid credentials");
    return { name: "ops", scopes: new Set(), boundTo: undefined };
  },
};

describe("who calls", () => {
  test("is told by a token, from the environment or as an option", async () => {
    const platform = await start({ doorkeeper });
    expect(await run(platform, ["tokens", "list"])).toMatchObject({
      ...{ exitCode: 1, stdout: "" },
      stderr: "error: no valid credentials (set POSTRIDER_TOKEN, or --cert and --key)\n",
    });
    expect(await run(platform, ["tokens", "list"], { token: ACCESS_TOKEN })).toMatchObject({ exitCode: 0 });
    expect(await run(platform, ["--token", ACCESS_TOKEN, "tokens", "list"])).toMatchObject({ exitCode: 0 });
  });

  test("is told by TLS, which knows the platform too", async () => {
    const authority = createTestAuthority();
    const folder = await mkdtemp(join(tmpdir(), "postrider-cli-"));
    onTestFinished(async () => rm(folder, { recursive: true }));
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const server = authority.issue({ commonName: "localhost", dnsNames: ["localhost"] });
    const own = { certificate: Buffer.from(server.cert), privateKey: Buffer.from(server.key) };
    const certificates = { own, authorities: Buffer.from(authority.cert) };
    const credentials = createServerCredentials(
      { current: () => certificates, onChanged: () => undefined },
      "optional",
    );
    const { address } = await start({ doorkeeper, credentials });
    const platform = { address: address.replace("127.0.0.1", "localhost") };
    const caPath = await write("ca.pem", authority.cert);
    const ops = authority.issue({ commonName: "ops" });
    const certPath = await write("ops.pem", ops.cert);
    const keyPath = await write("ops.key", ops.key);
    expect(await run(platform, ["tokens", "list"], { token: ACCESS_TOKEN, caPath })).toMatchObject({ exitCode: 0 });
    expect(await run(platform, ["tokens", "list", "--ca", caPath, "--cert", certPath, "--key", keyPath])).toMatchObject(
      {
        ...{ exitCode: 0, stderr: "" },
      },
    );
    expect(await run(platform, ["tokens", "list", "--ca", caPath])).toMatchObject({ exitCode: 1 });
    const stranger = await write("stranger.pem", createTestAuthority("Stranger").cert);
    expect(
      await run(platform, ["--timeout", "1s", "tokens", "list"], { token: ACCESS_TOKEN, caPath: stranger }),
    ).toMatchObject({ exitCode: 3 });
    for (const [paths, problem] of [
      [{ certPath, keyPath }, "--cert needs --ca"],
      [{ caPath, certPath }, "--cert and --key go together"],
      [{ caPath: join(folder, "absent") }, "--ca: can't read"],
      [{ caPath, certPath, keyPath: caPath }, "holds no private key"],
    ] as const) {
      const { exitCode, stderr } = await run(platform, ["tokens", "list"], paths);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(problem)]);
    }
  });

  test("is not told to a network in plaintext", async () => {
    const { exitCode, stderr } = await run({ address: "postrider.example:50051" }, ["tokens", "list"], {
      token: ACCESS_TOKEN,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("would go to postrider.example:50051 in plaintext");
    expect(stderr).not.toContain(ACCESS_TOKEN);
  });
});
