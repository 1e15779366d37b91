import { choiceSetting, optionalSetting, type Setting, SettingsError, type SettingsOf } from "@postrider/kit-config";
import type { VerificationMethod } from "./url-verifier.ts";

const METHODS = ["none", "challenge", "cloudevents"] as const;

/** A DNS name: RFC 1123, section 2.1. */
const DNS_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

const ORIGIN: Setting<string> = {
  variable: "POSTRIDER_WEBHOOK_ORIGIN",
  fallback: "",
  doc: "The DNS name that the platform goes by in the handshake, and in the Origin header of deliveries after it. For `cloudevents`, which needs it.",
  parse: (text) => (DNS_NAME.test(text) ? { kind: "value", value: text } : { kind: "wrong", wanted: "a DNS name" }),
};

/** Whether somebody at a callback URL has to agree before anything is delivered to it. Standalone has the same. */
export const VERIFICATION_SETTINGS = {
  urlVerification: choiceSetting(
    {
      variable: "POSTRIDER_URL_VERIFICATION",
      fallback: "none",
      doc: "Whether whoever answers at a callback URL has to agree before it gets deliveries: `none`, `challenge` (it echoes a text), or `cloudevents` (OPTIONS, as in CloudEvents' Web Hooks for Event Delivery). For URLs that are new from then on; see docs/url-ownership.md.",
    },
    METHODS,
  ),
  webhookOrigin: optionalSetting(ORIGIN),
};

type VerificationConfig = SettingsOf<typeof VERIFICATION_SETTINGS>;

/** @throws {SettingsError} when the handshake would not know whom to name */
export function assertOriginSet({ urlVerification, webhookOrigin }: VerificationConfig): void {
  if (urlVerification !== "cloudevents" || webhookOrigin !== undefined) return;
  throw new SettingsError("POSTRIDER_WEBHOOK_ORIGIN should be set: POSTRIDER_URL_VERIFICATION is cloudevents");
}

/** What the settings say; undefined: nobody is asked. */
export function findVerificationMethod({
  urlVerification,
  webhookOrigin,
}: VerificationConfig): VerificationMethod | undefined {
  switch (urlVerification) {
    case "none":
      return undefined;
    case "challenge":
      return { kind: "challenge" };
    case "cloudevents":
      return { kind: "cloudevents", origin: webhookOrigin ?? "" };
  }
}
