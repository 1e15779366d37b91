/** Control characters, C0 and C1, less tab and line feed: they could move the cursor or rewrite what was printed. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text from elsewhere, safe to print on a terminal. */
export function toPrintable(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
