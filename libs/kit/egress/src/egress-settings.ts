import {
  choiceSetting,
  listSetting,
  optionalSetting,
  type Parsed,
  type Setting,
  type SettingsOf,
  textSetting,
} from "@postrider/kit-config";

import { type NameServers, parseNameServers } from "./dns-resolver.ts";
import { parseProxy, type Proxy } from "./proxy-tunnel.ts";

const HTTP_CHOICES = ["refuse", "allow"] as const;

/** What the policy is made of: the same wherever callback URLs are checked, or what one service takes another refuses. */
export type EgressPolicySettings = {
  readonly egressAllow: Setting<readonly string[]>;
  readonly egressPorts: Setting<"any" | readonly number[]>;
  readonly egressHttp: Setting<(typeof HTTP_CHOICES)[number]>;
};

/** How connections are made, for the service that makes them. */
export type EgressConnectionSettings = {
  readonly egressDns: Setting<NameServers>;
  readonly egressProxy: Setting<Proxy | undefined>;
  readonly egressCaFile: Setting<string | undefined>;
};

/** The defaults that differ between a platform on the internet and one to try on one's own machine. */
export interface PolicyFallbacks {
  readonly allow: string;
  readonly ports: string;
  readonly http: (typeof HTTP_CHOICES)[number];
}

/** For services: public addresses, https, the two ports that https is served at. */
export const INTERNET_ONLY: PolicyFallbacks = { allow: "", ports: "443,8443", http: "refuse" };

export function egressPolicySettings(fallbacks: PolicyFallbacks): EgressPolicySettings {
  return {
    egressAllow: listSetting({
      variable: "POSTRIDER_EGRESS_ALLOW",
      fallback: fallbacks.allow,
      doc: "Ranges (CIDR, separated by commas) that callback URLs may reach although they are private. The same where they are checked and where they are called.",
    }),
    egressPorts: {
      variable: "POSTRIDER_EGRESS_PORTS",
      fallback: fallbacks.ports,
      doc: "Ports that callback URLs may have, separated by commas, or `any`. The same where they are checked and where they are called.",
      parse: parsePorts,
    },
    egressHttp: choiceSetting(
      {
        variable: "POSTRIDER_EGRESS_HTTP",
        fallback: fallbacks.http,
        doc: "Whether callback URLs may be `http:` beside `https:`: `allow` or `refuse`. Its port 80 must then be among POSTRIDER_EGRESS_PORTS. The same where they are checked and where they are called.",
      },
      HTTP_CHOICES,
    ),
  };
}

export const EGRESS_CONNECTION_SETTINGS: EgressConnectionSettings = {
  egressDns: {
    variable: "POSTRIDER_EGRESS_DNS",
    fallback: "",
    doc: "Name servers that resolve callback URLs, as IP or IP:port, separated by commas. Empty: those of the machine, as they are at the start. `system`: whatever the machine does, with its hosts file and search domains; then names with slow servers hold up others.",
    parse: parseNameServers,
  },
  egressProxy: optionalSetting<Proxy>({
    variable: "POSTRIDER_EGRESS_PROXY",
    fallback: "",
    doc: "A forward proxy (`http://[user:password@]host:port`) that all requests go through by CONNECT, loopback excepted. It resolves the names then, and has to refuse private addresses.",
    isSecret: true,
    parse: parseProxy,
  }),
  egressCaFile: optionalSetting(
    textSetting({
      variable: "POSTRIDER_EGRESS_CA_FILE",
      fallback: "",
      doc: "A file of certificates (PEM) that receivers' may be signed by, beside the usual authorities.",
    }),
  ),
};

/** What the settings read as. */
export type EgressPolicyConfig = SettingsOf<EgressPolicySettings>;
export type EgressConnectionConfig = SettingsOf<EgressConnectionSettings>;

function parsePorts(text: string): Parsed<"any" | readonly number[]> {
  if (text === "any") return { kind: "value", value: "any" };
  const ports = text.split(",").map((port) => (/^\s*\d{1,5}\s*$/u.test(port) ? Number(port) : 0));
  return ports.every((port) => port >= 1 && port <= 65_535)
    ? { kind: "value", value: ports }
    : { kind: "wrong", wanted: "ports from 1 to 65535, separated by commas, such as 443,8443; or any" };
}
