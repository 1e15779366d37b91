// With the real npm, against a registry that knows of one hole.
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

const BULK = "/-/npm/v1/security/advisories/bulk";
const HOLE = {
  ...{ id: 1, title: "planted", severity: "high", vulnerable_versions: ">=0.0.1", cwe: [], cvss: { score: 0 } },
  url: "https://github.com/advisories/GHSA-plan-ted0-hole",
};
let registry: Server | undefined;

afterEach(() => {
  registry?.closeAllConnections();
  registry?.close();
});

test("finds a hole in a production package, unless it is excused", async () => {
  const url = await startRegistry({ undici: [HOLE] });
  const found = await runAudit(url);
  expect(found.code).toBe(1);
  expect(found.output).toContain("undici >=0.0.1: high: planted");

  const exceptions = join(mkdtempSync(join(tmpdir(), "postrider-audit-")), "exceptions.json");
  const excuse = { advisory: "GHSA-plan-ted0-hole", reason: "it is planted", until: "9999-12-31" };
  writeFileSync(exceptions, JSON.stringify([excuse]));
  const excused = await runAudit(url, "--strict", "--exceptions", exceptions);
  expect(excused.code).toBe(0);
  expect(excused.output).toContain("it is planted");
});

test("does not ask about what is only for development", async () => {
  const url = await startRegistry({ vitest: [HOLE] });
  expect(await runAudit(url, "--strict")).toMatchObject({ code: 0 });
});

test("says so where the registry can't tell, and fails if it must know", async () => {
  const url = await startRegistry(undefined);
  const lenient = await runAudit(url);
  expect(lenient.code).toBe(0);
  expect(lenient.output).toContain("! not audited: 405");
  expect((await runAudit(url, "--strict")).code).toBe(1);
});

/** Answers as a registry does; undefined: it has no advisories, and says 405. */
async function startRegistry(advisories: Readonly<Record<string, readonly unknown[]>> | undefined): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const knows = advisories !== undefined && request.url === BULK;
      response.writeHead(knows ? 200 : 405, { "content-type": "application/json" });
      response.end(JSON.stringify(knows ? advisories : {}));
    });
  });
  registry = server;
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function runAudit(registryUrl: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const env = {
    ...process.env,
    npm_config_registry: registryUrl,
    npm_config_cache: mkdtempSync(join(tmpdir(), "npm-")),
  };
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(import.meta.dirname, "main.ts"), ...args],
      { env },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
      },
    );
  });
}
