import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ReceivedRequest } from "@postrider/testing";
import { Webhook } from "standardwebhooks";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** RFC 8410, section 4: what stands before the 32 bytes of an ed25519 public key. */
const SPKI_HEAD = "302a300506032b6570032100";

/** Judges deliveries with code that is not ours: who has this key takes them, or does not. */
export interface Verifier {
  readonly name: string;
  /** Answers for each delivery, in order. @param key whsec_..., or whpk_... where `v1a` is verified */
  readonly verify: (requests: readonly ReceivedRequest[], key: string) => Promise<readonly boolean[]>;
}

/** The npm library: v1. */
export const npmLibrary: Verifier = {
  name: "npm standardwebhooks",
  verify: async (requests, key) => await Promise.resolve(requests.map((request) => isTakenByLibrary(request, key))),
};

function isTakenByLibrary({ body, headers }: ReceivedRequest, key: string): boolean {
  try {
    new Webhook(key).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    // Whatever it says: it does not take it.
    return false;
  }
}

const PYTHON_SCRIPT = `
import base64, json, sys
from standardwebhooks.webhooks import Webhook
key, requests = json.load(sys.stdin)
def is_taken(request):
    try:
        Webhook(key).verify(base64.b64decode(request["body"]), request["headers"])
        return True
    except Exception as error:
        print(repr(error), file=sys.stderr)
        return False
print(json.dumps([is_taken(request) for request in requests]))
`;

/** The PyPI library: v1. @throws Error that says what is missing */
export async function preparePythonLibrary(): Promise<Verifier> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}examples/receivers/flask/prepare.mjs`]);
  const python = stdout.trim();
  return {
    name: "PyPI standardwebhooks",
    verify: async (requests, key) => {
      const messages = requests.map(({ headers, body }) => ({ headers, body: body.toString("base64") }));
      const running = promisify(execFile)(python, ["-c", PYTHON_SCRIPT]);
      running.child.stdin?.end(JSON.stringify([key, messages]));
      return JSON.parse((await running).stdout) as boolean[];
    },
  };
}

/** The command line of OpenSSL: v1 and v1a. @throws Error when it is missing */
export async function prepareOpenssl(): Promise<Verifier> {
  const version = await openssl("version");
  if (!/^OpenSSL [3-9]\./.test(version)) throw new Error(`openssl 3 or newer is needed, not ${version.trim()}`);
  return {
    name: "openssl",
    verify: async (requests, key) => {
      const folder = await mkdtemp(join(tmpdir(), "verify-"));
      try {
        const taken: boolean[] = [];
        for (const request of requests) taken.push(await isTakenByOpenssl(request, { key, folder }));
        return taken;
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}

async function isTakenByOpenssl(
  { headers, body }: ReceivedRequest,
  { key, folder }: { readonly key: string; readonly folder: string },
): Promise<boolean> {
  const [message, signature, pem] = ["message", "signature", "key.pem"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const head = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.`;
  await writeFile(message, Buffer.concat([Buffer.from(head), body]));
  const tokens = String(headers["webhook-signature"]).split(" ");
  const bytes = Buffer.from(key.slice(key.indexOf("_") + 1), "base64");
  if (key.startsWith("whsec_")) {
    const mac = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", `hexkey:${bytes.toString("hex")}`, "-hex", message];
    const hex = (await openssl(...mac)).trim().split(" ").at(-1) ?? "";
    return tokens.includes(`v1,${Buffer.from(hex, "hex").toString("base64")}`);
  }
  const der = Buffer.concat([Buffer.from(SPKI_HEAD, "hex"), bytes]).toString("base64");
  await writeFile(pem, `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`);
  for (const token of tokens.filter((each) => each.startsWith("v1a,"))) {
    await writeFile(signature, Buffer.from(token.slice("v1a,".length), "base64"));
    const verifying = ["pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", message, "-sigfile", signature];
    if (await succeeds(openssl(...verifying))) return true;
  }
  return false;
}

async function openssl(...words: string[]): Promise<string> {
  return (await promisify(execFile)("openssl", words)).stdout;
}

async function succeeds(running: Promise<unknown>): Promise<boolean> {
  try {
    await running;
    return true;
  } catch {
    // A signature that does not fit ends with 1.
    return false;
  }
}
