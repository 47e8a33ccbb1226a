"""A pipeline that a stream triggers: each batch of readings is a run of a workflow.

`python examples/stream_pipeline.py [HOST:PORT]`. The definition is
`examples/workflows/clean-readings.yaml`. Starting a run and moving on in the stream are one commit:
no reading is left out and none is in two runs, whatever crashes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from floruntime import ActionContext, ActionResult, ActionWorker, FloClient, WorkflowRun

DEFINITION = Path(__file__).parent / "workflows" / "clean-readings.yaml"
READINGS = [21.5, 21.7, -999.0, 22.0, -999.0, 22.1, 22.3, 23.9]
BROKEN = -999.0

worker = ActionWorker("localhost:9000", namespace="sensors")


@worker.action("clean-readings")
async def clean_readings(ctx: ActionContext) -> ActionResult:
    """Leave out what a broken sensor says."""
    readings = [each["celsius"] for each in ctx.json()["readings"]]
    good = [reading for reading in readings if reading != BROKEN]
    return ctx.result("success" if good else "nothing_left", {"readings": good})


@worker.action("publish-readings")
async def publish_readings(ctx: ActionContext) -> dict[str, Any]:
    """Say what is to be published, and where the batch began."""
    batch = ctx.json()
    return {"count": len(batch["readings"]), "first": batch["first"]}


async def ended(client: FloClient, count: int) -> list[WorkflowRun]:
    """The runs, oldest first, once they have taken that many readings and ended."""
    while True:
        runs = list(await client.workflow.list_runs(workflow_name="clean-readings"))
        if sum(len(json.loads(run.input)) for run in runs) == count:
            return [await client.workflow.wait(run.run_id) for run in reversed(runs)]
        await asyncio.sleep(0.05)


async def main(endpoint: str) -> None:
    """Readings come in; what became of them."""
    async with FloClient(endpoint, namespace="sensors") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        await client.workflow.sync_file(DEFINITION)
        for reading in READINGS:
            await client.stream.append("readings", json.dumps({"celsius": reading}))
        for run in await ended(client, len(READINGS)):
            readings = [each["celsius"] for each in json.loads(run.input)]
            print(f"{readings}: {run.status}: {(run.output or b'').decode()}")
        group = await client.stream.group_info("readings", "wf-clean-readings")
        print(f"not read yet: {group.lag}, read but not done: {group.pending}")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
