import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { handleEvent, type WebhookEvent } from "./events.ts";
import { RecentIds } from "./recent-ids.ts";

/**
 * Receives webhooks in the manner of fetch: fits Node, Deno, Bun, Workers, and frameworks that speak Request and Response.
 * @param secret whsec_..., from `subscriptions create`
 */
export function createHandler(secret: string): (request: Request) => Promise<Response> {
  const webhook = new Webhook(secret);
  const recent = new RecentIds();

  return async (request) => {
    if (request.method !== "POST") return answer(405, "only POST is expected");
    // The bytes as they came: parsing and printing them again would break the signature.
    const body = await request.text();
    let event: WebhookEvent;
    try {
      event = webhook.verify(body, Object.fromEntries(request.headers)) as WebhookEvent;
    } catch (error) {
      return answer(400, error instanceof WebhookVerificationError ? error.message : "the body is not JSON");
    }
    // A platform that asks first whether its events are wanted here.
    if (event.type === "url_verification") return Response.json({ challenge: event.challenge });
    const id = request.headers.get("webhook-id") ?? "";
    if (!recent.claim(id)) return answer(200, `${id} was handled before`);
    try {
      return answer(200, await handleEvent(event));
    } catch (error) {
      console.error(error);
      recent.release(id);
      return answer(500, "try again later");
    }
  };
}

function answer(status: number, message: string): Response {
  return Response.json({ status: status === 200 ? "success" : "error", message }, { status });
}
