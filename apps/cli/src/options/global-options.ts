import { type Command, Option } from "commander";
import type { CliConfig } from "../config.ts";
import { durationMs } from "./option-values.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  /** host:port of what takes events. */
  readonly address: string;
  /** host:port of what keeps subscriptions and the catalog; the same where one process does all. */
  readonly subscriptionAddress: string;
  /** host:port of what tells what became of events; the same where one process does all. */
  readonly ledgerAddress: string;
  readonly json: boolean;
  /** For each call. */
  readonly timeoutMs: number;
  /** Who calls: by a token, or by a certificate. */
  readonly token: string | undefined;
  /** Who signs the platform's certificate; with it calls go by TLS. */
  readonly caPath: string | undefined;
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
}

interface RawGlobalOptions {
  readonly address?: string;
  readonly subscriptionAddress?: string;
  readonly ledgerAddress?: string;
  readonly json?: true;
  readonly timeout?: number;
  readonly token?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** An answer normally takes milliseconds; a loaded machine may need seconds. */
const DEFAULT_TIMEOUT_MS = 10_000;

const GROUP = "Global options:";

/**
 * Adds the global options to every command, so that they can stand before or after a command's name. Where a command
 * has a --timeout of its own, the global one stands only before the name.
 */
export function addGlobalOptionsToAll(command: Command): void {
  const options = [
    new Option("--address <host:port>", "the platform (default: $POSTRIDER_GRPC_ADDRESS, else 127.0.0.1:50051)"),
    new Option(
      "--subscription-address <host:port>",
      "the subscription service, where it runs apart (default: $POSTRIDER_SUBSCRIPTION_ADDRESS, else --address)",
    ),
    new Option("--token <token>", "who calls (default: $POSTRIDER_TOKEN, which other users of the machine don't see)"),
    new Option(
      "--ca <file>",
      "call by TLS; who signs the platform's certificate (default: $POSTRIDER_SERVICE_CA_FILE)",
    ),
    new Option("--cert <file>", "our certificate, if that says who calls (default: $POSTRIDER_TLS_CERT_FILE)"),
    new Option("--key <file>", "its private key (default: $POSTRIDER_TLS_KEY_FILE)"),
    new Option(
      "--ledger-address <host:port>",
      "the ledger, where it runs apart (default: $POSTRIDER_LEDGER_ADDRESS, else --address)",
    ),
    new Option("--json", "print JSON: one document, or a line per item"),
    new Option("--timeout <duration>", "for each call (default: 10s)").argParser(durationMs),
  ];
  for (const option of options) {
    if (option.long !== "--timeout" || !hasOwnTimeout(command)) command.addOption(option.helpGroup(GROUP));
  }
  for (const child of command.commands) addGlobalOptionsToAll(child);
}

/** The global options as given nearest to the command. */
export function readGlobalOptions(command: Command, config: CliConfig): GlobalOptions {
  const levels: RawGlobalOptions[] = [];
  for (let level: Command | null = command; level; level = level.parent) {
    const { timeout, ...options } = level.opts<RawGlobalOptions>();
    levels.push(timeout === undefined || hasOwnTimeout(level) ? options : { ...options, timeout });
  }
  const given = levels.reduceRight<RawGlobalOptions>((outer, inner) => ({ ...outer, ...inner }), {});
  // An address on the command line is the whole platform's, whatever the environment says of its parts.
  const partOf = (part: string | undefined): string => given.address ?? part ?? config.address;
  return {
    address: given.address ?? config.address,
    subscriptionAddress: given.subscriptionAddress ?? partOf(config.subscriptionAddress),
    ledgerAddress: given.ledgerAddress ?? partOf(config.ledgerAddress),
    json: given.json ?? false,
    timeoutMs: given.timeout ?? DEFAULT_TIMEOUT_MS,
    ...chooseCredentials(given, config),
  };
}

type Credentials = Pick<GlobalOptions, "token" | "caPath" | "certPath" | "keyPath">;

function chooseCredentials({ token, ca, cert, key }: RawGlobalOptions, config: CliConfig): Credentials {
  return {
    token: token ?? config.token,
    caPath: ca ?? config.caPath,
    certPath: cert ?? config.certPath,
    keyPath: key ?? config.keyPath,
  };
}

function hasOwnTimeout({ options }: Command): boolean {
  return options.some(({ long, helpGroupHeading }) => long === "--timeout" && helpGroupHeading !== GROUP);
}
