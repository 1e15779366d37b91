import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../walls/workspace.ts";
import { readStartFlags } from "./read-start-flags.ts";
import type { ServiceName } from "./service-process.ts";

const COMPOSED: readonly ServiceName[] = ["ingest", "subscription", "dispatcher", "ledger"];

/** What a service of deploy/compose.yaml runs: the one line of it that this file has to read. */
function readCommand(name: ServiceName): readonly string[] {
  const compose = readFileSync(join(root, "deploy", "compose.yaml"), "utf8");
  const [, service = ""] = compose.split(`\n  ${name}:\n`);
  const [, command = "[]"] = /^ {4}command: (\[.*\])$/m.exec(service) ?? [];
  return JSON.parse(command) as readonly string[];
}

test.each(COMPOSED)("%s gets the flags of its npm script in compose.yaml too", (name) => {
  expect(readCommand(name)).toEqual(["node", ...readStartFlags(name), `apps/${name}/src/main.ts`]);
});
