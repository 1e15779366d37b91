import type { ServiceDefinition } from "@grpc/grpc-js";
import type { MethodAccess } from "../access.ts";

/** Every method for everybody: for the servers of tests that are not about callers. */
export function accessForEverybody(definition: ServiceDefinition): Record<string, MethodAccess> {
  return Object.fromEntries(Object.keys(definition).map((name) => [name, "everybody"]));
}
