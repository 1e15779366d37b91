/**
 * This machine lacks something that the test stack needs. Its message is one line that says what, and how to get it.
 * Anything else that fails (a server that doesn't start) is an error of its own.
 */
export class StackUnavailableError extends Error {
  override readonly name = "StackUnavailableError";
}

/** How to get Java and Maven; npm has neither. */
export const installLine =
  process.platform === "darwin"
    ? "brew install openjdk@17 maven"
    : "apt-get install -y openjdk-17-jre-headless maven (Debian, Ubuntu)";
