"""Actions and workers by the calls of the first SDK: tasks are named by their ids."""

from __future__ import annotations

import pytest

import floruntime.compat.flo as flo


async def test_an_action_lives(client: flo.FloClient) -> None:
    await client.action.register(
        "mail", flo.ActionType.USER, flo.ActionRegisterOptions(timeout_ms=1_000, max_retries=0)
    )
    page = await client.action.list(flo.ActionListOptions(prefix="ma"))
    assert [one.name for one in page.actions] == ["mail"]
    invoked = await client.action.invoke(
        "mail", b"hello", flo.ActionInvokeOptions(idempotency_key="k", labels={"a": "b"})
    )
    assert (await client.action.status(invoked.run_id)).status == "pending"
    with pytest.raises(flo.ConflictError, match="unfinished runs"):
        await client.action.delete("mail")
    await client.native.action.cancel(invoked.run_id)
    await client.action.delete("mail")
    assert (await client.action.list()).actions == []


@pytest.mark.parametrize("named", [True, False], ids=["with the action's name", "without"])
async def test_a_task_is_named_by_its_id(client: flo.FloClient, named: bool) -> None:
    await client.worker.register("w", ["mail"], flo.WorkerRegisterOptions(machine_id="m"))
    await client.action.register("mail", options=flo.ActionRegisterOptions(max_retries=0))

    def name(task: flo.WorkerTask) -> list[str]:
        return ["mail", task.task_id] if named else [task.task_id]

    async def claimed() -> tuple[str, flo.WorkerTask]:
        run = await client.action.invoke("mail", b"hello")
        task = (
            await client.worker.await_task("w", ["mail"], flo.WorkerAwaitOptions(block_ms=1_000))
        ).task
        assert task is not None
        return run.run_id, task

    run_id, task = await claimed()
    await client.worker.heartbeat("w", 1)
    await client.worker.touch("w", *name(task), flo.WorkerTouchOptions(extend_ms=60_000))
    await client.worker.complete(
        "w", *name(task), b"done", options=flo.WorkerCompleteOptions(outcome="sent")
    )
    run = await client.action.status(run_id)
    assert (run.status, run.result, run.outcome) == ("completed", b"done", "sent")

    run_id, task = await claimed()
    await client.worker.fail("w", *name(task), "no", flo.WorkerFailOptions(retry=False))
    assert (await client.action.status(run_id)).status == "failed"

    run_id, task = await claimed()
    await client.worker.complete("w", *name(task))
    assert (await client.action.status(run_id)).status == "completed"

    listed = await client.worker.list(flo.WorkerListOptions(limit=5))
    assert listed == flo.WorkerListResult([flo.WorkerInfo("w", ["mail"])])


async def test_none_came(client: flo.FloClient) -> None:
    none = await client.worker.await_task("w", ["mail"], flo.WorkerAwaitOptions(block_ms=1))
    assert none == flo.WorkerAwaitResult(None)


async def test_a_task_that_was_not_claimed_here(client: flo.FloClient) -> None:
    with pytest.raises(flo.BadRequestError, match="no task of"):
        await client.worker.complete("w", "mail", "some-id", b"")


async def test_arguments_that_are_none(client: flo.FloClient) -> None:
    await client.action.register("mail")
    await client.action.invoke("mail", b"")
    task = (await client.worker.await_task("w", ["mail"])).task
    assert task is not None
    with pytest.raises(TypeError, match="it takes result, options"):
        await client.worker.complete("w", task.task_id, b"", outcome="sent")
    with pytest.raises(TypeError, match="it takes options"):
        await client.worker.touch("w", task.task_id, flo.WorkerTouchOptions(), 5)
