import { loadJson } from "../walls/workspace.ts";
import type { ServiceName } from "./service-process.ts";

/** Node's flags in the npm script that starts the service: users get what is measured. */
export function readStartFlags(name: ServiceName): readonly string[] {
  const { scripts } = loadJson("package.json") as { readonly scripts: Readonly<Record<string, string>> };
  const script = name === "standalone" ? "start" : `start:${name}`;
  const words = scripts[script]?.split(" ") ?? [];
  if (words.length < 2) throw new Error(`package.json has no script ${script}`);
  return words.slice(1, -1);
}
