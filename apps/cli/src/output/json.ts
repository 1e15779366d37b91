/** One JSON document on one line; what is undefined is left out. */
export function formatJson(document: object): string {
  return `${JSON.stringify(document)}\n`;
}

/** JSON text as a value, or the text itself if it is not JSON. */
export function parseJsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: shown as it is.
    return text;
  }
}
