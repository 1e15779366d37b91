/** What the command line takes from the environment; options override it. */
export interface CliConfig {
  /** POSTRIDER_GRPC_ADDRESS: host:port of the platform's gRPC server; of ingest, if the services run apart. */
  readonly address: string;
  /** POSTRIDER_SUBSCRIPTION_ADDRESS: host:port of the subscription service; undefined where one address serves all. */
  readonly subscriptionAddress: string | undefined;
  /** POSTRIDER_SECRET: what `receive` verifies with. */
  readonly secret: string | undefined;
}

const DEFAULT_ADDRESS = "127.0.0.1:50051";

/** Reads the settings; an empty variable counts as not set. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): CliConfig {
  return {
    address: environment["POSTRIDER_GRPC_ADDRESS"] || DEFAULT_ADDRESS,
    subscriptionAddress: environment["POSTRIDER_SUBSCRIPTION_ADDRESS"] || undefined,
    secret: environment["POSTRIDER_SECRET"] || undefined,
  };
}

/** The settings of this process. */
export function loadConfig(): CliConfig {
  return parseConfig(process.env);
}
