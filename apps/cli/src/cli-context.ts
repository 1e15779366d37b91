import type { CliConfig } from "./config.ts";

/** Where text goes. */
export interface TextSink {
  readonly write: (text: string) => unknown;
}

/** What a command sees of the process that it runs in. */
export interface CliContext {
  readonly config: CliConfig;
  readonly stdin: AsyncIterable<Buffer | string>;
  /** Results only, so that it can be piped. */
  readonly stdout: TextSink;
  /** Errors and hints. */
  readonly stderr: TextSink;
}
