import {
  choiceSetting,
  durationSetting,
  listSetting,
  optionalSetting,
  type Setting,
  type SettingsOf,
  textSetting,
} from "@postrider/kit-config";

const optional = (variable: string, doc: string): Setting<string | undefined> =>
  optionalSetting(textSetting({ variable, fallback: "", doc }));

/** What an operator may knowingly do without. */
const INSECURE = ["plaintext", "unauthenticated"] as const;

/** Our own certificate: for those who call us, and for those whom we call. */
const OWN_CERTIFICATE = {
  tlsCertFile: optional(
    "POSTRIDER_TLS_CERT_FILE",
    "This process's certificate in PEM, with those between it and its authority. It is shown to callers, and to the services that are called. Read again when it changes.",
  ),
  tlsKeyFile: optional("POSTRIDER_TLS_KEY_FILE", "Its private key in PEM, not encrypted."),
  allowInsecure: wordsSetting(
    "POSTRIDER_ALLOW_INSECURE",
    "What may be done without beyond loopback, because something else sees to it: plaintext (a mesh encrypts), unauthenticated (a proxy lets in whom it knows). Words separated by commas.",
    INSECURE,
  ),
};

/** What a process needs to be set that calls our other services. */
export const CALLING_SETTINGS = {
  ...OWN_CERTIFICATE,
  serviceCaFile: optional(
    "POSTRIDER_SERVICE_CA_FILE",
    "Who signs the certificates of the services that are called, in PEM. With it they are called by TLS, without it in plaintext.",
  ),
  serviceTokenFile: optional(
    "POSTRIDER_SERVICE_TOKEN_FILE",
    "Holds the token with which this process calls the other services. Read again when it changes. A certificate can stand in for it.",
  ),
};

export type CallingConfig = SettingsOf<typeof CALLING_SETTINGS>;

/** What a process needs to be set that is called. @param ownerName whose things a caller may be bound to, such as "customer" */
export function accessSettings(ownerName: string): typeof OWN_CERTIFICATE & AccessSettings {
  return {
    tokensFile: optional(
      "POSTRIDER_TOKENS_FILE",
      "Who may call, in JSON: docs/access.md has an example. With it, or with POSTRIDER_JWT_ISSUER, every caller has to say who it is, and tokens of `postrider tokens` are good too. Read again when it changes.",
    ),
    tokenGraceMs: durationSetting(
      {
        variable: "POSTRIDER_TOKEN_GRACE",
        fallback: "1h",
        doc: "How long known tokens of `postrider tokens` are good while their revocation could not be told.",
      },
      { minMs: 0, maxMs: 7 * 86_400_000 },
    ),
    jwtIssuer: optional("POSTRIDER_JWT_ISSUER", "Whose JSON Web Tokens are good: their `iss`."),
    jwtAudience: optional("POSTRIDER_JWT_AUDIENCE", "For whom they have to be: their `aud`."),
    jwtJwks: optional("POSTRIDER_JWT_JWKS", "The issuer's public keys (JWKS): an https URL, or a file."),
    jwtScopePrefix: textAllowingNone(
      "POSTRIDER_JWT_SCOPE_PREFIX",
      "What stands in front of our scopes in their `scope` or `scp`, such as `postrider:`.",
    ),
    jwtOwnerClaim: textAllowingNone(
      `POSTRIDER_JWT_${ownerName.toUpperCase()}_CLAIM`,
      `The claim that binds a JSON Web Token to a ${ownerName}, or with \`*\` to none; those without it are refused. Not set: all of them may do what they may for every ${ownerName}.`,
    ),
    ...OWN_CERTIFICATE,
    tlsCaFile: optional(
      "POSTRIDER_TLS_CA_FILE",
      "Who signs the certificates of callers, in PEM. With it, callers may be known by a name in their certificate (POSTRIDER_TOKENS_FILE).",
    ),
    tlsClientCertificates: choiceSetting(
      {
        variable: "POSTRIDER_TLS_CLIENT_CERTIFICATES",
        fallback: "optional",
        doc: "With POSTRIDER_TLS_CA_FILE: required (nobody connects without one) or optional (others need a token).",
      },
      ["optional", "required"],
    ),
  };
}

type AccessSettings = {
  readonly tokensFile: Setting<string | undefined>;
  readonly tokenGraceMs: Setting<number>;
  readonly jwtIssuer: Setting<string | undefined>;
  readonly jwtAudience: Setting<string | undefined>;
  readonly jwtJwks: Setting<string | undefined>;
  readonly jwtScopePrefix: Setting<string>;
  readonly jwtOwnerClaim: Setting<string>;
  readonly tlsCaFile: Setting<string | undefined>;
  readonly tlsClientCertificates: Setting<"optional" | "required">;
};

export type AccessConfig = SettingsOf<ReturnType<typeof accessSettings>>;

function textAllowingNone(variable: string, doc: string): Setting<string> {
  return { variable, doc, fallback: "", parse: (text) => ({ kind: "value", value: text }) };
}

function wordsSetting<Word extends string>(
  variable: string,
  doc: string,
  words: readonly Word[],
): Setting<readonly Word[]> {
  const list = listSetting({ variable, doc, fallback: "" });
  return {
    ...list,
    parse: (text) => {
      const given = list.parse(text);
      const known =
        given.kind === "value" ? given.value.filter((word): word is Word => words.some((w) => w === word)) : [];
      if (given.kind === "value" && known.length === given.value.length) return { kind: "value", value: known };
      return { kind: "wrong", wanted: `of ${words.join(", ")}, separated by commas` };
    },
  };
}
