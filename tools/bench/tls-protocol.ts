// What the benchmark of TLS and its processes say to each other.

/** Where the receiver answers, and who vouches for it. */
export interface TlsReceiverGreeting {
  readonly plain: string;
  readonly secure: string;
  /** The same, but it gives no sessions to resume. */
  readonly forgetful: string;
  /** PEM. */
  readonly authority: string;
}

/** How many connections the receiver has taken since it was last asked. */
export interface TlsReceiverReport {
  readonly connections: number;
  readonly resumed: number;
}

export interface TlsSenderCommand {
  readonly url: string;
  readonly authority: string;
  readonly concurrency: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export interface TlsSenderReport {
  /** In the measured time. */
  readonly sent: number;
  /** From the first to the last. */
  readonly all: number;
  readonly failed: number;
  readonly seconds: number;
  /** Of the sender, all threads. */
  readonly cpuUs: number;
}
