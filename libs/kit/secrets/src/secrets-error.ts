/** `unknown_key`: sealed under a key that this process was not given. `unreadable`: damaged, moved, or another key. */
export type SecretsErrorCode = "unknown_key" | "unreadable";

/** A sealed secret can't be opened. The message names keys by their ids, and never holds a secret. */
export class SecretsError extends Error {
  override readonly name = "SecretsError";
  readonly code: SecretsErrorCode;

  constructor(code: SecretsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
