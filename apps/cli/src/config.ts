/** What the command line takes from the environment; options override it. */
export interface CliConfig {
  /** POSTRIDER_GRPC_ADDRESS: host:port of the platform's gRPC server; of ingest, if the services run apart. */
  readonly address: string;
  /** POSTRIDER_SUBSCRIPTION_ADDRESS: host:port of the subscription service; undefined where one address serves all. */
  readonly subscriptionAddress: string | undefined;
  /** POSTRIDER_LEDGER_ADDRESS: host:port of the ledger; undefined where one address serves all. */
  readonly ledgerAddress: string | undefined;
  /** POSTRIDER_SECRET: what `receive` verifies with. */
  readonly secret: string | undefined;
  /** POSTRIDER_TOKEN: who calls. */
  readonly token: string | undefined;
  /** POSTRIDER_SERVICE_CA_FILE: who signs the platform's certificate; with it calls go by TLS. */
  readonly caPath: string | undefined;
  /** POSTRIDER_TLS_CERT_FILE and POSTRIDER_TLS_KEY_FILE: our own certificate, if that says who calls. */
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
}

const DEFAULT_ADDRESS = "127.0.0.1:50051";

/** Reads the settings; an empty variable counts as not set. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): CliConfig {
  return {
    address: environment["POSTRIDER_GRPC_ADDRESS"] || DEFAULT_ADDRESS,
    subscriptionAddress: environment["POSTRIDER_SUBSCRIPTION_ADDRESS"] || undefined,
    ledgerAddress: environment["POSTRIDER_LEDGER_ADDRESS"] || undefined,
    secret: environment["POSTRIDER_SECRET"] || undefined,
    token: environment["POSTRIDER_TOKEN"] || undefined,
    caPath: environment["POSTRIDER_SERVICE_CA_FILE"] || undefined,
    certPath: environment["POSTRIDER_TLS_CERT_FILE"] || undefined,
    keyPath: environment["POSTRIDER_TLS_KEY_FILE"] || undefined,
  };
}

/** The settings of this process. */
export function loadConfig(): CliConfig {
  return parseConfig(process.env);
}
