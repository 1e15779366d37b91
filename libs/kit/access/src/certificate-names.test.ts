import { X509Certificate } from "node:crypto";
import { createTestAuthority } from "@postrider/testing";
import { expect, test } from "vitest";
import { namesOf } from "./certificate-names.ts";

/** The names of a real certificate. */
function namesIn(content: Parameters<ReturnType<typeof createTestAuthority>["issue"]>[0]): readonly string[] {
  const { subject, subjectaltname } = new X509Certificate(createTestAuthority().issue(content).cert).toLegacyObject();
  return namesOf({ subject, subjectaltname });
}

test("a caller is known by URIs first, then by host names, then by the common name", () => {
  expect(
    namesIn({
      commonName: "orders",
      dnsNames: ["a.example", "b.example"],
      ipAddresses: ["127.0.0.1"],
      uris: ["spiffe://x/orders"],
    }),
  ).toEqual(["URI:spiffe://x/orders", "DNS:a.example", "DNS:b.example", "CN:orders"]);
  expect(namesIn({ commonName: "orders" })).toEqual(["CN:orders"]);
});

test.each([
  "spiffe://x/a, URI:spiffe://x/admin",
  'spiffe://x/a", URI:spiffe://x/admin',
  "spiffe://x/a,URI:spiffe://x/admin",
  'spiffe://x/a\\", URI:spiffe://x/admin',
])("one name that reads like two is one: %s", (uri) => {
  expect(namesIn({ commonName: "x", uris: [uri] })).toEqual([`URI:${uri}`, "CN:x"]);
});

test("a common name can't pass for another kind of name", () => {
  expect(namesIn({ commonName: "x, URI:spiffe://x/admin" })).toEqual(["CN:x, URI:spiffe://x/admin"]);
});

test("several common names are none", () => {
  expect(namesOf({ subject: { CN: ["a", "b"] } })).toEqual([]);
});
