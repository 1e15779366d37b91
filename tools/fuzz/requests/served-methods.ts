// What is served, as the server itself says: a new service or method is fuzzed without anybody remembering it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type DescMethod, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "@postrider/contracts/grpc/reflection/v1/reflection";

const DEADLINE_MS = 10_000;

/** Every message of the API, and of what is served beside it. */
export function loadRegistry(): FileRegistry {
  const path = fileURLToPath(import.meta.resolve("@postrider/contracts/descriptors.binpb"));
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(path)));
}

/** All methods of all services at the address. @throws Error for a service that the descriptors do not have */
export async function findServedMethods(address: string, registry: FileRegistry): Promise<readonly DescMethod[]> {
  const client = new ServerReflectionClient(address, credentials.createInsecure());
  try {
    const names = await listServices(client.serverReflectionInfo({ deadline: Date.now() + DEADLINE_MS }));
    return names.flatMap((name) => {
      const service = registry.getService(name);
      if (!service) throw new Error(`${name} is served, but not described in proto/`);
      return service.methods;
    });
  } finally {
    client.close();
  }
}

async function listServices(
  stream: ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse>,
): Promise<readonly string[]> {
  return await new Promise((resolve, reject) => {
    stream.once("data", ({ messageResponse }: ServerReflectionResponse) => {
      const isList = messageResponse?.$case === "listServicesResponse";
      resolve(isList ? messageResponse.value.service.map(({ name }) => name) : []);
    });
    stream.on("error", reject);
    stream.end({ host: "", messageRequest: { $case: "listServices", value: "" } });
  });
}
