import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openPostgres } from "./open-postgres.ts";

/** A server that refuses everyone with an error. Format: postgresql.org/docs/current/protocol-message-formats.html */
async function startRefusing(state: string, message: string): Promise<number> {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${message}\0\0`);
  const head = Buffer.alloc(5, "E");
  head.writeInt32BE(fields.length + 4, 1);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.end(Buffer.concat([head, fields]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function readStartFailure(url: string): Promise<{ code: unknown; message: string }> {
  try {
    await openPostgres({ url, schema: [], applicationName: "test" });
  } catch (error) {
    if (error instanceof Error && "code" in error) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it opened");
}

test("where nobody listens, the line names the address and the setting", async () => {
  // Port 1 is nobody's.
  const { code, message } = await readStartFailure("postgres://anna:s3cret@127.0.0.1:1/orders");
  expect(code).toBe("unavailable");
  expect(message).toBe(
    "Cannot use PostgreSQL at 127.0.0.1:1: nothing answers there (connect ECONNREFUSED 127.0.0.1:1). " +
      "Start it, or correct POSTRIDER_DATABASE_URL",
  );
});

test("a name that does not resolve is told", async () => {
  const { message } = await readStartFailure("postgres://anna:s3cret@no-such-host.invalid/orders");
  expect(message).toMatch(/no-such-host\.invalid:5432: nothing answers there \(getaddrinfo .*POSTRIDER_DATABASE_URL$/);
});

test.each([
  { state: "28P01", words: 'password authentication failed for user "anna"', advice: 'it refuses user "anna"' },
  { state: "28000", words: 'no pg_hba.conf entry for host "127.0.0.1"', advice: "Correct user and password in POSTR" },
  { state: "53300", words: "sorry, too many clients already", advice: "raise max_connections" },
  { state: "57P03", words: "the database system is starting up", advice: "Start this service again in a moment" },
  { state: "3D000", words: 'database "orders" does not exist', advice: "createdb -h 127.0.0.1 -p PORT -U anna orders" },
  { state: "55000", words: "it is not currently accepting connections", advice: "Check POSTRIDER_DATABASE_URL" },
  { state: "08P01", words: "unsupported startup parameter: x", advice: "unsupported startup parameter: x" },
])("a server that answers $state ($words) is told in one line that says what to change", async (refusal) => {
  const port = await startRefusing(refusal.state, refusal.words);
  const { message } = await readStartFailure(`postgres://anna:s3cret@127.0.0.1:${port}/orders`);
  expect(message).toContain(`Cannot use PostgreSQL at 127.0.0.1:${port}: `);
  expect(message).toContain(refusal.advice.replace("PORT", String(port)));
  expect(message).not.toContain("s3cret");
  expect(message).not.toContain("\n");
});
