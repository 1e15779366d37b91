/** The bytes of a prefix and padded standard base64; undefined if it is anything else. */
export function decodePrefixed(prefix: string, text: string): Buffer | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, "base64");
  // Node's decoder skips what it doesn't know: only canonical base64 survives the way back.
  return bytes.toString("base64") === encoded ? bytes : undefined;
}
