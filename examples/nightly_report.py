"""A report every night: a schedule in cron, with a time zone.

`python examples/nightly_report.py [HOST:PORT]` does not wait for the night: it starts tonight's run
now. `tests/test_examples.py` lets nights pass on a clock of its own, the one among them in which
the clocks go forward. The definition is `examples/workflows/nightly-report.yaml`.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from floruntime import ActionContext, ActionWorker, FloClient

DEFINITION = Path(__file__).parent / "workflows" / "nightly-report.yaml"

worker = ActionWorker("localhost:9000", namespace="reports")
sent: list[str] = []


@worker.action("collect-sales")
async def collect_sales(ctx: ActionContext) -> dict[str, Any]:
    """What was sold."""
    return {"total": 42}


@worker.action("send-report")
async def send_report(ctx: ActionContext) -> None:
    """Send it to whom it concerns."""
    report = ctx.json()
    sent.append(f"{report['report']}: {report['total']}")


def told(time_ms: int | None) -> str:
    """A time, in UTC."""
    if time_ms is None:
        return "never"
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


async def main(endpoint: str) -> None:
    """Set it up, look at it, pause and resume it, and run it once."""
    async with FloClient(endpoint, namespace="reports") as client:
        worker.endpoint = client
        working = asyncio.create_task(worker.start())
        await worker.at_work.wait()
        result = await client.workflow.sync_file(DEFINITION)
        print(f"{result.name} {result.version}: {result.action}")
        paused = await client.workflow.pause_schedule("nightly-report")
        print(f"paused: the next run is {told(paused.next_run_at_ms)}")
        await client.workflow.resume_schedule("nightly-report")
        run = await client.workflow.wait(await client.workflow.trigger_schedule("nightly-report"))
        print(f"a run beside its times, with the schedule's input: {run.status}, sent {sent}")
        [schedule] = await client.workflow.schedules()
        print(f"{schedule.cron} {schedule.timezone}: next at {told(schedule.next_run_at_ms)}")
        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
