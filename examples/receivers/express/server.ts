import type { AddressInfo } from "node:net";
import { createApp } from "./app.ts";

const { WEBHOOK_SECRET: secret, PORT: port = "3000" } = process.env;
if (!secret) {
  console.error("WEBHOOK_SECRET is missing: `postrider subscriptions create ... --print-secret` prints one");
  process.exit(2);
}

const server = createApp(secret).listen(Number(port), "127.0.0.1", (error) => {
  // Express 5 tells it here when the port is taken.
  if (error) throw error;
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`);
});
process.once("SIGTERM", () => server.close());
