// A run: a platform, requests by the thousand, nonsense on the wire between them, a canary beside them, a verdict.
import { Client, credentials, status } from "@grpc/grpc-js";
import { startCanary } from "./judge/canary.ts";
import { describeRequest } from "./judge/describe-request.ts";
import { judgeOutcome } from "./judge/judge-outcome.ts";
import { judgeMemory, type MemorySample, sampleMemory } from "./judge/memory-watch.ts";
import { type PlatformUnderFuzz, startPlatformUnderFuzz } from "./platform-under-fuzz.ts";
import { isFlood } from "./requests/make-headers.ts";
import { type FuzzRequest, makeRequest, type RequestSource } from "./requests/make-request.ts";
import { type Outcome, sendRequest } from "./requests/send-request.ts";
import { findServedMethods, loadRegistry } from "./requests/served-methods.ts";
import { WIRE_ATTACKS } from "./wire/wire-attacks.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  readonly only?: number | undefined;
  readonly inFlight: number;
  readonly say: (line: string) => void;
}

export interface FuzzResult {
  readonly sent: number;
  readonly methods: readonly string[];
  /** How often each status was the answer. */
  readonly answers: ReadonlyMap<string, number>;
  readonly memory: readonly MemorySample[];
  readonly served: number;
  readonly slowestGoodMs: number;
  readonly slowestMs: number;
  /** Empty when everything held. Each with what it takes to see it again. */
  readonly problems: readonly string[];
}

/** Samples of memory in a run: enough for thirds, few enough that collections do not slow it down. */
const PARTS = 15;
/** Connections for requests: what breaks one must not be seen as a failure of others. */
const CONNECTIONS = 4;
/** Over how many parts the attacks on the wire are spread. */
const WIRE_PARTS = 3;
/** After so many there is nothing more to learn from the run. */
const MAX_PROBLEMS = 12;

export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const platform = await startPlatformUnderFuzz();
  try {
    const methods = await findServedMethods(platform.process.grpcAddress, loadRegistry());
    const source = { seed: options.seed, methods, surroundings: platform.surroundings };
    options.say(`seed ${options.seed}: ${options.requests} requests at ${methods.length} methods`);
    return await new FuzzRun(platform, source, options).run();
  } finally {
    await platform.remove();
  }
}

class FuzzRun {
  readonly #platform: PlatformUnderFuzz;
  readonly #source: RequestSource;
  readonly #options: FuzzOptions;
  readonly #clients: readonly Client[];
  readonly #answers = new Map<string, number>();
  readonly #memory: MemorySample[] = [];
  readonly #problems: string[] = [];
  readonly #inFlight = new Set<FuzzRequest>();
  #sent = 0;
  #slowestMs = 0;

  constructor(platform: PlatformUnderFuzz, source: RequestSource, options: FuzzOptions) {
    this.#platform = platform;
    this.#source = source;
    this.#options = options;
    this.#clients = Array.from({ length: CONNECTIONS }, () => this.#connect());
  }

  async run(): Promise<FuzzResult> {
    const { process: service, canaryType } = this.#platform;
    const canary = startCanary(service.grpcAddress, canaryType);
    try {
      await this.#sendAll();
    } finally {
      await canary.stop();
      for (const client of this.#clients) client.close();
    }
    this.#problems.push(...canary.problems.slice(0, 3));
    this.#judgeEnd();
    return {
      ...{ sent: this.#sent, answers: this.#answers, memory: this.#memory, slowestMs: this.#slowestMs },
      methods: this.#source.methods.map(({ parent, name }) => `${parent.typeName}/${name}`),
      served: canary.served(),
      slowestGoodMs: canary.slowestMs(),
      problems: this.#problems,
    };
  }

  async #sendAll(): Promise<void> {
    const { only, requests, say } = this.#options;
    if (only !== undefined) return this.#sendOne(only);
    for (let part = 0; part < PARTS && !this.#isOver(); part += 1) {
      await this.#sendPart(Math.floor((requests * part) / PARTS), Math.floor((requests * (part + 1)) / PARTS));
      await this.#attackWire(part);
      if (this.#isOver()) return;
      const sample = await sampleMemory(this.#platform.process);
      this.#memory.push(sample);
      say(`${this.#sent} sent, heap ${sample.heapMb.toFixed(1)} MB, resident ${sample.residentMb.toFixed(0)} MB`);
    }
  }

  async #sendPart(from: number, to: number): Promise<void> {
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to && !this.#isOver()) await this.#sendOne(next++);
    };
    await Promise.all(Array.from({ length: this.#options.inFlight }, work));
  }

  async #sendOne(index: number): Promise<void> {
    const request = makeRequest(index, this.#source);
    this.#inFlight.add(request);
    const outcome = await this.#answerTo(request);
    if (this.#platform.process.exit() !== undefined) return;
    this.#inFlight.delete(request);
    this.#sent += 1;
    this.#note(request, outcome);
  }

  async #answerTo(request: FuzzRequest): Promise<Outcome> {
    const shared = this.#clients[request.index % this.#clients.length];
    if (shared && !isFlood(request.headers)) return sendRequest(shared, request);
    const own = this.#connect();
    try {
      return await sendRequest(own, request);
    } finally {
      own.close();
    }
  }

  #connect(): Client {
    // A pool of its own: grpc-js shares connections between clients otherwise.
    const channel = { "grpc.use_local_subchannel_pool": 1, "grpc.max_receive_message_length": -1 };
    return new Client(this.#platform.process.grpcAddress, credentials.createInsecure(), channel);
  }

  #note(request: FuzzRequest, outcome: Outcome): void {
    const name = status[outcome.code];
    this.#answers.set(name, (this.#answers.get(name) ?? 0) + 1);
    this.#slowestMs = Math.max(this.#slowestMs, outcome.tookMs);
    const problem = judgeOutcome(outcome);
    if (this.#options.only !== undefined) this.#options.say(`${name}: ${outcome.details}`);
    if (problem !== undefined) this.#report(problem, [request]);
  }

  /** A share of them in each part, so that all are there several times in a run. */
  async #attackWire(part: number): Promise<void> {
    for (const attack of WIRE_ATTACKS.filter((_, index) => index % WIRE_PARTS === part % WIRE_PARTS)) {
      if (this.#isOver()) return;
      await attack.run(this.#platform.process.grpcAddress);
      if (this.#platform.process.exit() !== undefined) this.#problems.push(`the process ended at: ${attack.name}`);
    }
  }

  #isOver(): boolean {
    return this.#platform.process.exit() !== undefined || this.#problems.length >= MAX_PROBLEMS;
  }

  #judgeEnd(): void {
    const { exit, output } = this.#platform.process;
    const ended = exit();
    if (ended !== undefined) {
      this.#report(`the process ended (${ended.code ?? ended.signal}):\n${output()}`, [...this.#inFlight].slice(0, 5));
    }
    const told = /^.*failed unexpectedly.*$/m.exec(output());
    if (told) this.#problems.push(`the platform's log has a defect: ${told[0]}`);
    const grown = judgeMemory(this.#memory);
    if (grown !== undefined) this.#problems.push(grown);
  }

  #report(problem: string, requests: readonly FuzzRequest[]): void {
    const lines = requests.flatMap((request) => [
      ...describeRequest(request),
      `  again: npm run fuzz -- --seed ${this.#options.seed} --only ${request.index}`,
    ]);
    this.#problems.push([problem, ...lines].join("\n  "));
  }
}
