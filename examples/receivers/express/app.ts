import express, { type Express, type Response } from "express";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handleEvent, type WebhookEvent } from "./events.ts";
import { RecentIds } from "./recent-ids.ts";

/**
 * An Express application that receives webhooks at POST /webhooks.
 * @param secret whsec_..., from `subscriptions create`
 */
export function createApp(secret: string): Express {
  const webhook = new Webhook(secret);
  const recent = new RecentIds();
  const app = express();

  // raw(), not json(): the signature is over the bytes as they came. Mount it before any app.use(express.json()).
  app.post("/webhooks", express.raw({ type: () => true, limit: "1mb" }), async (request, response) => {
    // Without a body, Express leaves an empty object here.
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    let event: WebhookEvent;
    try {
      event = webhook.verify(bytes, request.headers as Record<string, string>) as WebhookEvent;
    } catch (error) {
      answer(response, 400, error instanceof WebhookVerificationError ? error.message : "the body is not JSON");
      return;
    }
    // A platform that asks first whether its events are wanted here.
    if (event.type === "url_verification") {
      response.json({ challenge: event.challenge });
      return;
    }
    const id = request.get("webhook-id") ?? "";
    if (!recent.claim(id)) {
      answer(response, 200, `${id} was handled before`);
      return;
    }
    try {
      answer(response, 200, await handleEvent(event));
    } catch (error) {
      console.error(error);
      recent.release(id);
      answer(response, 500, "try again later");
    }
  });
  return app;
}

function answer(response: Response, status: number, message: string): void {
  response.status(status).json({ status: status === 200 ? "success" : "error", message });
}
