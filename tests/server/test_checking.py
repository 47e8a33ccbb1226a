"""Large definitions are checked beside the event loop, in the order in which they came."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.kv import KvGet, KvPut
from floruntime.core.workflow import WorkflowStart, WorkflowSync, WorkflowValidate
from floruntime.engine.workflow.language import validation
from floruntime.server.checking import CHECKED_AT_ONCE_BYTES_MAX
from tests.server.wire_client import Rig
from tests.until import until


def definition(name: str, extra: str = "") -> bytes:
    text = f"""
kind: Workflow
name: {name}
version: "1"
start: {{waitForSignal: {{type: never}}, transitions: {{success: flo.Completed}}}}
{extra}"""
    return (text + "# " + "x" * CHECKED_AT_ONCE_BYTES_MAX).encode()


async def test_others_are_served_meanwhile_and_what_comes_behind_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[bytes] = []
    check = validation._check

    def counted(data: bytes) -> validation.Checked:
        checked.append(data)
        return check(data)

    monkeypatch.setattr(validation, "_check", counted)
    async with Rig() as rig:
        client, other = rig.client("me"), rig.client("other")
        sync = client.body(WorkflowSync([definition("a"), definition("b")]))
        sync_id = client._last_id
        start = client.body(WorkflowStart("a", b"{}"))
        start_id = client._last_id
        client.raw(sync, start)
        put = other.send(KvPut("k", b"1"))
        await rig.settle()
        assert other.result(put).version == 1
        await until(lambda: client.is_answered(start_id))
        assert [one.name for one in client.result(sync_id)] == ["a", "b"]
        assert client.result(start_id)
        assert len(checked) == 2, "once each"
        assert not validation._ahead
        assert client.result(client.send(KvGet("k"))) == b"1"


async def test_what_is_wrong_is_told_and_a_connection_that_went_is_no_trouble() -> None:
    async with Rig() as rig:
        client, gone = rig.client("me"), rig.client("gone")
        wrong = client.send(WorkflowSync([definition("a", "nonsense: 1\n")]))
        problems = None
        await until(lambda: client.is_answered(wrong))
        assert isinstance(client.error(wrong), BadRequestError)
        gone.send(WorkflowValidate(definition("a")))
        gone.vanish()
        problems = client.send(WorkflowValidate(definition("a")))
        await until(lambda: client.is_answered(problems))
        assert client.result(problems) == []
        assert rig.server.load.held_bytes == 0
