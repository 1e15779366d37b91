// The settings of a node. Pure: three of them must fit each other.

/** A node of a cluster, as the others need to know it. */
export interface KafkaNodePlan {
  /** From 1. */
  readonly id: number;
  readonly clientPort: number;
  readonly brokerPort: number;
  readonly controllerPort: number;
  readonly dataFolder: string;
}

export interface KafkaClusterPlan {
  readonly nodes: readonly KafkaNodePlan[];
  /** What the nodes show each other. */
  readonly password: string;
  /** Of the caller: they win. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Clients are anonymous and may do everything, except what an access rule (ACL) denies them. Rules are in force for
 * them because they are no super user; the nodes are one, on listeners of their own, so that no rule stops the cluster.
 */
export function createNodeProperties(plan: KafkaClusterPlan, node: KafkaNodePlan): Readonly<Record<string, string>> {
  const { nodes, password, properties } = plan;
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="node" password="${password}" user_node="${password}";`;
  return {
    "process.roles": "broker,controller",
    "node.id": String(node.id),
    "controller.quorum.voters": nodes.map((n) => `${n.id}@127.0.0.1:${n.controllerPort}`).join(","),
    listeners: `CLIENT://127.0.0.1:${node.clientPort},BROKER://127.0.0.1:${node.brokerPort},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    "advertised.listeners": `CLIENT://127.0.0.1:${node.clientPort},BROKER://127.0.0.1:${node.brokerPort}`,
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.broker.plain.sasl.jaas.config": login,
    "listener.name.controller.plain.sasl.jaas.config": login,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:node",
    "allow.everyone.if.no.acl.found": "true",
    "log.dirs": node.dataFolder,
    ...replication(nodes.length),
    ...swiftness,
    ...properties,
  };
}

/** Three nodes: nothing acknowledged is lost with any one of them. */
function replication(nodes: number): Readonly<Record<string, string>> {
  const [factor, inSync] = nodes === 1 ? ["1", "1"] : ["3", "2"];
  return {
    "default.replication.factor": factor,
    "min.insync.replicas": inSync,
    "unclean.leader.election.enable": "false",
    "offsets.topic.replication.factor": factor,
    "transaction.state.log.replication.factor": factor,
    "transaction.state.log.min.isr": inSync,
    "share.coordinator.state.topic.replication.factor": factor,
    "share.coordinator.state.topic.min.isr": inSync,
  };
}

/** Small, and quick to see that somebody is dead: Kafka's defaults are for many machines. */
const swiftness = {
  "auto.create.topics.enable": "false",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.num.partitions": "2",
  "group.initial.rebalance.delay.ms": "0",
  "group.min.session.timeout.ms": "1000",
  "num.network.threads": "2",
  "num.io.threads": "4",
  "log.cleaner.threads": "1",
  "log.cleaner.dedupe.buffer.size": "4194304",
  "broker.heartbeat.interval.ms": "500",
  "broker.session.timeout.ms": "3000",
  "replica.lag.time.max.ms": "3000",
  "controller.quorum.election.timeout.ms": "1000",
  "controller.quorum.fetch.timeout.ms": "2000",
} as const;

/** A Java properties file. */
export function encodeProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}
