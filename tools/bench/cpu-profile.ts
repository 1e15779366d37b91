// Where a process spent its time, from what `node --cpu-prof` writes when it ends:
// https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
import { root } from "../walls/workspace.ts";

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that ran at each sample. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before, for the first from `startTime`. */
  readonly timeDeltas: readonly number[];
  /** Microseconds on the system's monotonic clock. */
  readonly startTime: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Microseconds on the system's monotonic clock, which all processes share. */
export interface TimeSpan {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface HotSpots {
  /** The share of the span in which the thread did anything. */
  readonly busyShare: number;
  readonly functions: readonly HotSpot[];
  /** Packages by what ran in them, and what Node did for them. */
  readonly packages: readonly (HotSpot & { readonly withNodeShare: number })[];
}

/** Shares are of the time in which the thread did anything. */
interface HotSpot {
  readonly name: string;
  readonly ownShare: number;
}

/** The hottest functions and packages of one thread, hottest first. */
export function findHotSpots(profile: CpuProfile, span: TimeSpan): HotSpots {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const [functions, packages, packagesWithNode] = [createTally(), createTally(), createTally()];
  let [allUs, busyUs] = [0, 0];
  for (const [id, us] of sumByNode(profile, span)) {
    const node = nodes.get(id);
    if (node === undefined) continue;
    allUs += us;
    if (node.callFrame.functionName === "(idle)") continue;
    busyUs += us;
    functions.add(nameFunction(node), us);
    packages.add(namePackage(node), us);
    let caller: ProfileNode | undefined = node;
    while (caller !== undefined && isNodes(caller)) caller = nodes.get(parents.get(caller.id) ?? 0);
    packagesWithNode.add(namePackage(caller ?? node), us);
  }
  const share = (us: number): number => (busyUs === 0 ? 0 : us / busyUs);
  return {
    busyShare: allUs === 0 ? 0 : busyUs / allUs,
    functions: functions.hottest().map(([name, us]) => ({ name, ownShare: share(us) })),
    packages: packagesWithNode
      .hottest()
      .map(([name, us]) => ({ name, ownShare: share(packages.of(name)), withNodeShare: share(us) })),
  };
}

function sumByNode({ samples, timeDeltas, startTime }: CpuProfile, { fromUs, toUs }: TimeSpan): Map<number, number> {
  const byNode = new Map<number, number>();
  let atUs = startTime;
  for (const [index, id] of samples.entries()) {
    const deltaUs = timeDeltas[index] ?? 0;
    atUs += deltaUs;
    if (atUs >= fromUs && atUs <= toUs) byNode.set(id, (byNode.get(id) ?? 0) + deltaUs);
  }
  return byNode;
}

interface Tally {
  readonly add: (name: string, us: number) => void;
  readonly of: (name: string) => number;
  readonly hottest: () => [name: string, us: number][];
}

function createTally(): Tally {
  const sums = new Map<string, number>();
  return {
    add: (name, us) => void sums.set(name, (sums.get(name) ?? 0) + us),
    of: (name) => sums.get(name) ?? 0,
    hottest: () => [...sums].sort(([, a], [, b]) => b - a),
  };
}

function nameFunction({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName || "(anonymous)";
  return url === "" ? name : `${name}  ${shorten(url)}:${lineNumber + 1}`;
}

function shorten(url: string): string {
  return url.replace("file://", "").replace(`${root}/`, "");
}

/** Node's own functions, native ones too; those in brackets, such as the garbage collector, are nobody's. */
function isNodes({ callFrame: { functionName, url } }: ProfileNode): boolean {
  return url.startsWith("node:") || (url === "" && !functionName.startsWith("("));
}

function namePackage({ callFrame: { functionName, url } }: ProfileNode): string {
  if (url === "" || url.startsWith("node:")) return functionName.startsWith("(") && url === "" ? functionName : "node";
  const path = shorten(url);
  return (
    /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ??
    /^(?:apps\/[^/]+|libs\/(?:kit|domain)\/[^/]+|libs\/[^/]+)/.exec(path)?.[0] ??
    path
  );
}
