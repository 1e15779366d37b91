"""A Flask application that receives webhooks at POST /webhooks.

WEBHOOK_SECRET  whsec_..., from `postrider subscriptions create ... --print-secret`
PORT            3000 if not set; 0 takes a free one
"""

import os
import sys
import threading
from collections import OrderedDict

from flask import Flask, jsonify, request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.serving import make_server


class RecentIds:
    """The ids of the webhooks that were handled lately: the same webhook-id can come again.

    In memory and per process: what must not happen twice belongs into your database, under a unique webhook-id.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._capacity = capacity
        self._lock = threading.Lock()

    def claim(self, webhook_id: str) -> bool:
        """Claims an id; False if it was claimed before."""
        with self._lock:
            if webhook_id in self._ids:
                return False
            self._ids[webhook_id] = None
            if len(self._ids) > self._capacity:
                self._ids.popitem(last=False)
            return True

    def release(self, webhook_id: str) -> None:
        """Gives an id back, because handling it failed: the next attempt must be handled."""
        with self._lock:
            self._ids.pop(webhook_id, None)


def on_user_registered(data: dict) -> str:
    print(f"user_registered: welcome {data['user_id']}", flush=True)
    return f"user {data['user_id']} registered"


def on_order_paid(data: dict) -> str:
    print(f"order_paid: ship {data['order_id']}, {data['amount']} {data['currency']} came in", flush=True)
    return f"order {data['order_id']} paid"


def on_message_sent(data: dict) -> str:
    print(f"message_sent: {data['message_id']} in {data['conversation_id']}", flush=True)
    return f"message {data['message_id']} seen"


HANDLERS = {
    "user_registered": on_user_registered,
    "order_paid": on_order_paid,
    "message_sent": on_message_sent,
}


def create_app(secret: str) -> Flask:
    app = Flask(__name__)
    # Webhooks are small; Flask answers 413 to more than this.
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    webhook = Webhook(secret)
    recent = RecentIds()

    @app.post("/webhooks")
    def receive():
        try:
            # The bytes as they came: request.json would lose what the signature is over.
            event = webhook.verify(request.get_data(), dict(request.headers))
        except WebhookVerificationError as error:
            return answer(400, str(error))
        except ValueError:
            # The library throws it at signatures and bodies that it can't read.
            return answer(400, "the signature or the body is malformed")
        # A platform that asks first whether its events are wanted here.
        if event["type"] == "url_verification":
            return jsonify(challenge=event["challenge"])
        webhook_id = request.headers["webhook-id"]
        if not recent.claim(webhook_id):
            return answer(200, f"{webhook_id} was handled before")
        try:
            # A type that this receiver does not know yet is no reason to have it sent again and again.
            handle = HANDLERS.get(event["type"], lambda _: f"ignored {event['type']}")
            return answer(200, handle(event["data"]))
        except Exception:
            app.logger.exception("handling %s failed", webhook_id)
            recent.release(webhook_id)
            return answer(500, "try again later")

    return app


def answer(status: int, message: str):
    return jsonify(status="success" if status == 200 else "error", message=message), status


def main() -> None:
    secret = os.environ.get("WEBHOOK_SECRET")
    if not secret:
        sys.exit("WEBHOOK_SECRET is missing: `postrider subscriptions create ... --print-secret` prints one")
    # Werkzeug's server is for trying it out; in production run create_app under gunicorn or another WSGI server.
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), create_app(secret), threaded=True)
    print(f"ready http://127.0.0.1:{server.server_port}/webhooks", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
