// Who is killed, and how each comes back. kill -9 throughout: nobody gets to say goodbye.
import type { ServiceProcess } from "../../services/service-process.ts";
import type { Services } from "../../services/start-services.ts";
import type { KafkaCluster } from "../../stack/start-kafka.ts";
import type { PostgresServer } from "../../stack/start-postgres.ts";
import { EVENTS, type KafkaView } from "../platform/kafka-view.ts";
import type { SeededRandom } from "./random.ts";

export const KILL_KINDS = ["dispatcher", "ingest", "subscription", "postgres", "leader", "coordinator"] as const;
export type KillKind = (typeof KILL_KINDS)[number];

/** Somebody that is dead now. */
interface Down {
  /** For people: which one it was. */
  readonly what: string;
  /** Resolves when it is ready for work again. */
  readonly bringBack: () => Promise<void>;
}

export interface VictimsDeps {
  readonly services: Services;
  readonly cluster: KafkaCluster;
  readonly postgres: PostgresServer;
  readonly kafka: KafkaView;
  readonly partitions: number;
  readonly random: SeededRandom;
}

export interface Victims {
  readonly kill: (kind: KillKind) => Promise<Down>;
  /** All processes of services that ever ran, the dead ones too. */
  readonly processes: () => readonly ServiceProcess[];
  /** Services that ended although nobody killed them. */
  readonly findSelfEnded: () => readonly ServiceProcess[];
}

export function createVictims(deps: VictimsDeps): Victims {
  const { services, cluster, postgres, kafka, random, partitions } = deps;
  const alive = new Set([services.subscription, services.ingest, ...services.dispatchers]);
  const dead: ServiceProcess[] = [];

  async function killService(victim: ServiceProcess): Promise<Down> {
    alive.delete(victim);
    dead.push(victim);
    await victim.stop("SIGKILL");
    return {
      what: `${victim.name} (pid ${victim.pid})`,
      bringBack: async () => {
        alive.add(await services.startAgain(victim));
      },
    };
  }

  async function killNode(id: number, why: string): Promise<Down> {
    const node = cluster.nodes.find((candidate) => candidate.id === id);
    if (!node) throw new Error(`there is no Kafka node ${id} (${why})`);
    await node.kill();
    return { what: `Kafka node ${id}, ${why}`, bringBack: node.start };
  }

  return {
    kill: async (kind) => {
      switch (kind) {
        case "dispatcher":
        case "ingest":
        case "subscription":
          return killService(random.pick([...alive].filter(({ name }) => name === kind)));
        case "postgres":
          await postgres.kill();
          return { what: "PostgreSQL", bringBack: postgres.start };
        case "leader": {
          const partition = Math.floor(random.between(0, partitions));
          return killNode(await kafka.findLeader(EVENTS, partition), `leader of ${EVENTS}/${partition}`);
        }
        case "coordinator":
          return killNode(await kafka.findCoordinator(), "coordinator of the dispatchers");
      }
    },
    processes: () => [...dead, ...alive],
    findSelfEnded: () => [...alive].filter((process) => process.exit() !== undefined),
  };
}
