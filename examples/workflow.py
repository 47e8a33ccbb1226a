"""A walk through `client.workflow`: everything that one can do with definitions and runs.

`python examples/workflow.py [HOST:PORT]`. The definition is
`examples/workflows/process-order.yaml`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from floruntime import ActionContext, ActionResult, ActionWorker, FloClient, NonRetryableError

YAML = (Path(__file__).parent / "workflows" / "process-order.yaml").read_text()
QUICK = """
kind: Workflow
name: quick-approval
version: "1"
start:
  waitForSignal: {type: approval_decision, timeoutMs: 200, onTimeout: nobody-answered}
  transitions: {success: flo.Completed}
terminals:
  nobody-answered: {status: timed_out}
"""
APPROVAL_LIMIT = 500

worker = ActionWorker("localhost:9000", namespace="orders", concurrency=4)


@worker.action("validate-order")
async def validate_order(ctx: ActionContext) -> ActionResult:
    """The outcome decides where the workflow goes."""
    order = ctx.json()
    if order["amount"] <= 0:
        raise NonRetryableError("an order costs something")
    return ctx.result("needs_approval" if order["amount"] > APPROVAL_LIMIT else "success", order)


@worker.action("judge-decision")
async def judge_decision(ctx: ActionContext) -> ActionResult:
    """What a person said, as an outcome."""
    return ctx.result("approved" if ctx.json()["approved"] else "rejected")


@worker.action("charge-card")
async def charge_card(ctx: ActionContext) -> dict[str, Any]:
    """Charge, and say what was charged."""
    order = ctx.json()
    return {"charged": order["amount"], "for": order["order"], "approver": order["approver"]}


async def definitions(client: FloClient) -> None:
    """Deploying on every start of an application is idiomatic."""
    result = await client.workflow.sync(YAML)
    print(f"{result.name} v{result.version}: {result.action}")
    result2 = await client.workflow.sync_bytes(YAML.encode())
    print(f"{result2.name} v{result2.version}: {result2.action}")
    await client.workflow.sync(QUICK)
    for definition in await client.workflow.list_definitions():
        print(f"{definition.name} v{definition.version}")
    yaml = await client.workflow.get_definition("process-order")
    print(f"the definition has {len(yaml or b'')} bytes, as it was synced: {yaml == YAML.encode()}")


async def a_small_order(client: FloClient) -> None:
    """No approval needed: it goes through."""
    run_id = await client.workflow.start(
        "process-order", json.dumps({"orderId": "ORD-123", "amount": 99.99})
    )
    run = await client.workflow.wait(run_id)
    print(f"{run_id} is {run.status}: {(run.output or b'').decode()}")


async def a_large_order(client: FloClient) -> str:
    """It waits for a signal, which carries the decision."""
    run_id = await client.workflow.start("process-order", {"orderId": "ORD-124", "amount": 5_000})
    status = await until_waiting(client, run_id)
    print(status.run_id, status.workflow, status.version, status.status, status.current_step)
    print(f"input {status.input.decode()}, waits for {status.wait_signal}")
    print(f"created {status.created_at_ms}, completed {status.completed_at_ms}")
    await client.workflow.signal(
        run_id,
        "approval_decision",
        json.dumps({"approved": True, "approver": "manager@corp.com"}),
    )
    run = await client.workflow.wait(run_id)
    print(f"{run_id} is {run.status}: {(run.output or b'').decode()}")
    return run_id


async def until_waiting(client: FloClient, run_id: str) -> Any:
    """The run, once it waits for a signal."""
    async for event in client.workflow.follow(run_id):
        if event.type == "waiting_for_signal":
            break
    return await client.workflow.status(run_id)


async def an_order_that_is_cancelled(client: FloClient) -> None:
    """The wait goes, and a late decision is refused."""
    run_id = await client.workflow.start("process-order", {"orderId": "ORD-125", "amount": 900})
    await until_waiting(client, run_id)
    await client.workflow.cancel(run_id, "User requested cancellation")
    run = await client.workflow.status(run_id)
    print(f"{run_id} is {run.status}: {run.error}")


async def a_signal_that_never_comes(client: FloClient) -> None:
    """The wait's own time is up, and it leads where `onTimeout` says."""
    run = await client.workflow.wait(await client.workflow.start("quick-approval"))
    print(f"{run.run_id} is {run.status} at {run.terminal}")


async def looking_back(client: FloClient, run_id: str) -> None:
    """Histories, and runs by workflow, status or what they are about."""
    events = await client.workflow.history(run_id, limit=20)
    for event in events:
        print(f"  [{event.timestamp_ms}] {event.type}: {event.detail}")
    runs = await client.workflow.list_runs(workflow_name="process-order")
    for run in runs:
        print(f"{run.run_id} — {run.status} ({run.created_at_ms})")
    [found] = await client.workflow.list_runs(search={"order": "ORD-124"})
    print(f"ORD-124 is {found.run_id}")


async def pausing(client: FloClient) -> None:
    """While a workflow is disabled nothing starts; runs that are there go on."""
    await client.workflow.disable("process-order")
    [info] = [x for x in await client.workflow.list_definitions() if x.name == "process-order"]
    print(f"process-order is {'enabled' if info.enabled else 'disabled'}")
    await client.workflow.enable("process-order")


async def main(endpoint: str) -> None:
    """The whole walk."""
    async with FloClient(endpoint, namespace="orders") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        await definitions(client)
        await a_small_order(client)
        run_id = await a_large_order(client)
        await an_order_that_is_cancelled(client)
        await a_signal_that_never_comes(client)
        await looking_back(client, run_id)
        await pausing(client)
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
