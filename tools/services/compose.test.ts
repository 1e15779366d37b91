import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../walls/workspace.ts";
import { readStartFlags } from "./read-start-flags.ts";
import type { ServiceName } from "./service-process.ts";

const COMPOSED: readonly ServiceName[] = ["ingest", "subscription", "dispatcher", "ledger"];

const COMPOSE = readFileSync(join(root, "deploy", "compose.yaml"), "utf8");

/** The lines of one service, with those that it shares. */
function readService(name: ServiceName): string {
  const [, rest = ""] = COMPOSE.split(`\n  ${name}:\n`);
  const [own = ""] = rest.split(/\n\n/);
  const [, shared = ""] = COMPOSE.split("x-kafka: &kafka\n");
  return own.includes("*kafka") ? `${own}\n${shared.split(/\n\n/)[0] ?? ""}` : own;
}

/** What it runs: the one line that these tests have to read. */
function readCommand(name: ServiceName): readonly string[] {
  const [, command = "[]"] = /^ {4}command: (\[.*\])$/m.exec(readService(name)) ?? [];
  return JSON.parse(command) as readonly string[];
}

test.each(COMPOSED)("%s gets the flags of its npm script in compose.yaml too", (name) => {
  expect(readCommand(name)).toEqual(["node", ...readStartFlags(name), `apps/${name}/src/main.ts`]);
});

test.each(COMPOSED)("%s may open its door in compose.yaml, or opens none", (name) => {
  const lines = readService(name);
  const isOpen = /POSTRIDER_GRPC_ADDRESS: "?0\.0\.0\.0:/.test(lines);
  expect(isOpen).toBe(name !== "dispatcher");
  if (isOpen) expect(lines).toContain("POSTRIDER_ALLOW_INSECURE: plaintext,unauthenticated");
});
