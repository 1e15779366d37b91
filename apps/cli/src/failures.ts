/** Wrong use that was noticed before the platform was asked: ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** One line for each thing that is wrong, if there are several. */
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[] = []) {
    super(message);
    this.details = details;
  }
}

/** A webhook that `receive --count` took was not signed with the secret: ends with exit code 4. */
export class VerificationFailure extends Error {
  override readonly name = "VerificationFailure";
}

/** A call that the platform refused or did not answer: ends as its cause does. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  /** host:port that was called. */
  readonly address: string;

  constructor(address: string, cause: unknown) {
    super(`a call to ${address} failed`, { cause });
    this.address = address;
  }
}

/** A failure with the name of what it is about, such as the entry of a file. It ends as its cause does. */
export class SubjectFailure extends Error {
  override readonly name = "SubjectFailure";
  readonly subject: string;

  constructor(subject: string, cause: unknown) {
    super(`${subject} failed`, { cause });
    this.subject = subject;
  }
}
