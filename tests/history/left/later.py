"""What came later than the first kept version: limits, groups, jobs, branches, items, compensation,
a schedule of an action; each left in the middle. All of it lies in a namespace of its own.
"""

from __future__ import annotations

import json

from floruntime import Limits
from tests.history.left.scene import Notes, Scene

NAMESPACE = "later"
WORKER = "later-hands"
KEYS = 1_200
"""More than a job deletes in one piece."""
FAN = """
kind: Workflow
name: fan
version: "1"
start:
  parallel:
    branches:
      act: {run: "@actions/step", inputMapping: {part: 1}}
      ask: {waitForSignal: {type: answer}}
  transitions: {success: each, failure: flo.Failed}
steps:
  each:
    forEach:
      items: $.input.items
      run: "@actions/step"
      inputMapping: {item: $.item}
      concurrency: 2
      compensate: {run: "@actions/undo", inputMapping: {item: $.item}}
    transitions: {success: rest, failure: flo.Failed}
  rest:
    sleep: {forMs: 60000}
    transitions: {success: last}
  last:
    run: "@actions/step"
    transitions: {success: flo.Completed, failure: flo.Failed}
"""


async def prepare(scene: Scene) -> None:
    client = scene.client.within(NAMESPACE)
    limits = Limits(running=2, running_per_key=1, rate=100, rate_period_ms=1_000, fair=True)
    await client.action.register("limited", limits=limits, key_path="$.of", timeout_ms=120_000)
    for name in ("step", "undo"):
        await client.action.register(name, max_retries=0, timeout_ms=120_000)
    await client.workflow.sync(FAN)


async def leave(scene: Scene) -> Notes:
    client = scene.client.within(NAMESPACE)
    for of in ("a", "a", "b", "c"):
        await client.action.invoke("limited", {"of": of})
    held = await client.worker.await_tasks(WORKER, ["limited"], count=4, block_ms=0)
    await client.action.schedule("step", interval_ms=3_600_000, payload=b'{"by": "schedule"}')
    for number in (1, 2):
        await client.queue.enqueue("in-order", f"{number}", group="g")
    await client.workflow.start("fan", {"items": [1, 2, 3]}, run_id="items")
    await client.workflow.signal("items", "answer", {})
    for _ in ("branch", "item"):
        [task] = await client.worker.await_tasks(WORKER, ["step"], count=1, block_ms=0)
        await client.worker.complete(WORKER, task, b"{}")
    await client.workflow.start("fan", {"items": [1, 2, 3]}, run_id="branches")
    await client.workflow.pause("branches", "for a while")
    return {
        "held": [[task.run_id, task.lease, json.loads(task.payload)["of"]] for task in held],
        "job": await _leave_job(scene),
    }


async def _leave_job(scene: Scene) -> str:
    client = scene.client.within(NAMESPACE)
    for first in range(0, KEYS, 400):
        async with client.batch() as batch:
            for number in range(first, first + 400):
                batch.kv.put(f"pile/{number}", b"x")
    return (await client.kv.delete_prefix("pile/")).job_id
