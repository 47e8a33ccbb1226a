"""Inputs and outputs of runs: small ones in the run's row, large ones apart."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from floruntime.core.errors import ConflictError
from floruntime.engine.action import run_rows
from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.large_documents import IN_ROW_BYTES_MAX
from floruntime.engine.store import Changes
from floruntime.engine.workflow.runs import rows
from tests.engine.action.calls import Actions
from tests.engine.harness import Engine
from tests.engine.workflow.calls import ONE_STEP, Workflows

SMALL, LARGE = IN_ROW_BYTES_MAX, IN_ROW_BYTES_MAX + 1
MONTHS_MS = 100 * 24 * 3_600_000
DOCUMENTS = (
    run_rows.ACTION_INPUT,
    run_rows.ACTION_OUTPUT,
    rows.WORKFLOW_INPUT,
    rows.WORKFLOW_OUTPUT,
)


def apart(engine: Engine) -> list[Table[bytes]]:
    """The tables of documents that have a row."""
    tags = {key[:2] for key in engine.rows()}
    return [table for table in DOCUMENTS if table.tag in tags]


@pytest.mark.parametrize(("size", "expected"), [(0, []), (SMALL, []), (LARGE, DOCUMENTS[:2])])
def test_documents_of_an_action_run(size: int, expected: list[Table[bytes]]) -> None:
    actions = Actions()
    run_id = actions.invoke(b"i" * size)
    task = actions.claim_one()
    actions.complete(task, b"o" * size)
    run = actions.run(run_id)
    assert (task.payload, run.input, run.output) == (b"i" * size, b"i" * size, b"o" * size)
    assert apart(actions.engine) == list(expected)
    actions.engine.advance(MONTHS_MS)
    assert apart(actions.engine) == []


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_an_idempotency_key_stands_for_one_input(size: int) -> None:
    actions = Actions()
    run_id = actions.invoke(b"i" * size, idempotency_key="k")
    assert actions.invoke(b"i" * size, idempotency_key="k") == run_id
    with pytest.raises(ConflictError, match="another input"):
        actions.invoke(b"j" * size, idempotency_key="k")


@pytest.mark.parametrize(("size", "expected"), [(SMALL, []), (LARGE, DOCUMENTS)])
def test_documents_of_a_workflow_run(size: int, expected: list[Table[bytes]]) -> None:
    flows = Workflows(ONE_STEP)
    text = "x" * (size - len(json.dumps("")))
    run_id = flows.start(text)
    flows.do(output=text)
    run = flows.run(run_id)
    assert run.input == run.output == json.dumps(text).encode()
    assert apart(flows.engine) == list(expected)
    flows.advance(MONTHS_MS)
    assert apart(flows.engine) == []


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_run_that_is_retried_has_no_output_until_it_ends_again(size: int) -> None:
    flows = Workflows(ONE_STEP.replace("failure:", "bad: flo.Failed, failure:"))
    text = "x" * (size - len(json.dumps("")))
    run_id = flows.start(text)
    flows.do(output=text, outcome="bad")
    assert flows.output(run_id) == text
    flows.retry(run_id)
    assert flows.output(run_id) is None
    flows.do()
    assert flows.run(run_id).output == b""


def test_what_lies_apart_though_it_is_small_is_found() -> None:
    """As rows do that were written before the run's row had a place for it."""
    actions = Actions()
    run_id = actions.invoke(b"in")
    [(key, data)] = [
        (key, data)
        for key, data in actions.engine.rows().items()
        if key[:2] == run_rows.ACTION_RUN.tag
    ]
    run = replace(run_rows.ACTION_RUN.decode(data), input=None)
    key_apart = run_rows.ACTION_INPUT.key(*run_rows.ACTION_RUN.unpack(key))
    former: dict[bytes, bytes | None] = {
        key: msgspec.msgpack.encode(run),
        key_apart: msgspec.msgpack.encode(b"before"),
    }
    actions.engine.reopen()
    actions.engine.store.write(Changes(former, []))
    assert actions.claim_one().payload == actions.run(run_id).input == b"before"
