"""Workflows by the calls of the first SDK."""

from __future__ import annotations

from pathlib import Path

import pytest

import floruntime.compat.flo as flo
from tests.client.workflow_texts import waiting


async def test_a_definition_lives(client: flo.FloClient, tmp_path: Path) -> None:
    text = waiting(name="flow")
    await client.workflow.create("flow", text)
    assert (await client.workflow.sync(text)).action == "unchanged"
    assert (await client.workflow.sync_bytes(text.encode())).action == "unchanged"
    (tmp_path / "other.yaml").write_text(waiting(name="other"))
    synced = await client.workflow.sync_dir(str(tmp_path))
    assert [one.name for one in synced] == ["other"]
    got = await client.workflow.get_definition(
        "flow", flo.WorkflowGetDefinitionOptions(version="1")
    )
    assert got == text
    assert await client.workflow.get_definition("none") is None
    listed = await client.workflow.list_definitions(flo.WorkflowListDefinitionsOptions(limit=10))
    assert [one.name for one in listed] == ["flow", "other"]
    await client.workflow.disable("flow")
    with pytest.raises(flo.ConflictError):
        await client.workflow.start("flow")
    await client.workflow.enable("flow")
    await client.workflow.start("flow")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (waiting(name="other"), "the definition is named 'other', not 'flow'"),
        ("just text", "the definition is named None"),
        ("{", "yaml is none"),
    ],
)
async def test_a_definition_of_another_name(
    client: flo.FloClient, text: str, complaint: str
) -> None:
    with pytest.raises(flo.BadRequestError, match=complaint):
        await client.workflow.create("flow", text)


async def test_a_run_lives(client: flo.FloClient) -> None:
    await client.workflow.create("flow", waiting())
    started = await client.workflow.start("flow", '{"a": 1}', flo.WorkflowStartOptions(run_id="r"))
    assert started == "r"
    status = await client.workflow.status("r")
    assert status["run_id"] == "r"
    assert status["status"] == "waiting"
    assert status["wait_signal"] == "go"
    assert "completed_at" not in status
    await client.workflow.signal("r", "go", "{}")
    await client.workflow.signal("r", "go")
    done = await client.workflow.status("r")
    assert done["status"] == "completed"
    assert done["completed_at"] >= done["created_at"]
    assert "wait_signal" not in done
    events = await client.workflow.history("r", flo.WorkflowHistoryOptions(limit=100))
    assert len([*events]) > 1


async def test_runs_are_listed_and_cancelled(client: flo.FloClient) -> None:
    await client.workflow.create("flow", waiting())
    run = await client.workflow.start("flow")
    await client.workflow.cancel(run, "no more")
    cancelled = flo.WorkflowListRunsOptions(workflow_name="flow", status_filter="cancelled")
    assert [one.run_id for one in await client.workflow.list_runs(cancelled)] == [run]
