"""A payment provider's webhook starts a workflow once, however often the provider calls.

Providers send each event until they are answered, and sometimes more often than that. The event's
own id is the `Idempotency-Key`, so the same event within ten minutes starts one run; as the run's
own idempotency key it does so for as long as the run is kept. What is sent here is what a provider
could send to Flo by itself: one POST. `python examples/payment_webhook.py [HOST:PORT]`
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

FULFIL = """
kind: Workflow
name: fulfil
version: "1"
idempotency: optional
start:
  waitForSignal: { type: packed }
  transitions: { success: flo.Completed }
"""
EVENTS = [
    {"id": "evt_1", "order": "A-17", "paid": 42},
    {"id": "evt_2", "order": "A-18", "paid": 7},
    {"id": "evt_1", "order": "A-17", "paid": 42},  # sent again: our answer came too late
]


def call(server: str, path: str, members: dict[str, Any], **headers: str) -> Any:
    """One call over HTTP. Raises `HTTPError` with a problem document where it is refused."""
    named = {"Content-Type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(f"http://{server}/v1/{path}", json.dumps(members).encode(), named)
    with urlopen(request, timeout=10) as response:
        return json.loads(response.read())


def paid(server: str, event: dict[str, Any]) -> str:
    """What the webhook does: start the order's run, once; its id."""
    started = {"name": "fulfil", "input": event, "idempotency_key": event["id"]}
    return str(call(server, "shop/workflow.start", started, Idempotency_Key=event["id"]))


def main(server: str) -> None:
    """Three calls of a provider, two events, two runs."""
    call(server, "shop/workflow.sync", {"yaml": FULFIL})
    runs: dict[str, str] = {}
    for event in EVENTS:
        run_id = paid(server, event)
        news = "known already" if run_id in runs.values() else "started"
        runs[str(event["order"])] = run_id
        print(f"{event['id']} for {event['order']}: {news}")
    listed = call(server, "shop/workflow.list_runs", {"workflow_name": "fulfil"})
    print(f"runs: {len(listed['items'])}")
    try:
        paid(server, {"id": "evt_1", "order": "A-99", "paid": 1})
    except HTTPError as error:
        problem = json.loads(error.read())
        print(f"evt_1 for A-99: {problem['status']} {problem['code']}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9000")
