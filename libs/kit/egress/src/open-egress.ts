import type { Clock } from "@postrider/kit-lifecycle";

import { createResolveHost } from "./dns-resolver.ts";
import { type EgressConnectionConfig, EGRESS_CONNECTION_SETTINGS, type EgressPolicyConfig } from "./egress-settings.ts";
import { createEgress, type Egress } from "./egress.ts";
import { createEgressPolicy, type EgressPolicy } from "./policy.ts";
import { readAuthorities } from "./trust.ts";

/** The policy of a service's settings. @throws RangeError that names a range which is none */
export function openEgressPolicy(config: EgressPolicyConfig): EgressPolicy {
  return createEgressPolicy({
    allowedRanges: config.egressAllow,
    allowHttp: config.egressHttp === "allow",
    ports: config.egressPorts,
  });
}

/** What {@link openEgress} needs. */
export interface OpenEgressOptions {
  readonly policy: EgressPolicy;
  readonly config: EgressConnectionConfig;
  readonly clock: Clock;
}

/** The door of a service's settings. @throws Error that names the file of authorities, if it can't be used */
export function openEgress({ policy, config, clock }: OpenEgressOptions): Egress {
  const { egressDns, egressProxy, egressCaFile } = config;
  const { variable } = EGRESS_CONNECTION_SETTINGS.egressCaFile;
  return createEgress({
    ...{ policy, clock, proxy: egressProxy },
    resolveHost: createResolveHost(egressDns),
    authorities: egressCaFile === undefined ? [] : readAuthorities(variable, egressCaFile),
  });
}
