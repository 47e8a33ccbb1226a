"""What handlers are given: that what they log names the delivery, whatever that is called."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import msgspec
import pytest

from floruntime import BadRequestError, NonRetryableError, StreamID, StreamRecord
from floruntime.client.worker.contexts import ActionContext, StreamContext, to_bytes
from floruntime.core.worker import Task

NAME = "50%d off %s"


def context() -> ActionContext:
    return ActionContext(Task("run-1", NAME, b"", 2, 7, 0, 1_000), "default")


def test_a_percent_sign_in_a_name_is_no_directive(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "floruntime.worker"):
        ctx = context()
        ctx.log.info("priced %s", "all")
        ctx.log.info("sold 100%")
        ctx.log.warning("%(what)s is gone", {"what": "it"})
        ctx.log.info("marked", extra={"mine": 7})
    lines = [record.getMessage() for record in caplog.records]
    about = f"{NAME} run-1 attempt 2"
    assert lines == [
        f"{about}: priced all",
        f"{about}: sold 100%",
        f"{about}: it is gone",
        f"{about}: marked",
    ]
    assert vars(caplog.records[-1])["mine"] == 7
    assert {record.filename for record in caplog.records} == {"test_contexts.py"}


# The payload


class Order(msgspec.Struct):
    id: int
    note: str = ""


def of(payload: bytes) -> ActionContext:
    return ActionContext(Task("run-1", NAME, payload, 2, 7, 5, 1_000), "default")


def test_a_payload_is_read_as_text_as_json_and_as_a_type() -> None:
    ctx = of('{"id": 7, "note": "ä"}'.encode())
    assert ctx.text() == '{"id": 7, "note": "ä"}'
    assert ctx.json() == {"id": 7, "note": "ä"}
    assert ctx.into(Order) == Order(7, "ä")
    assert ctx.input() is ctx.payload
    assert ctx.created_at == ctx.created_at_ms == 5


def test_a_payload_that_does_not_fit_is_not_tried_again() -> None:
    with pytest.raises(NonRetryableError, match=r"no Order: .*`int`, got `str`.*\$\.id"):
        of(b'{"id": "7"}').into(Order)
    with pytest.raises(NonRetryableError, match="no Order"):
        of(b"{").into(Order)


def test_a_cancelled_handler_can_look() -> None:
    ctx = of(b"")
    ctx.check_cancelled()
    assert not ctx.cancelled
    ctx.is_cancelled = True
    assert ctx.cancelled
    with pytest.raises(asyncio.CancelledError):
        ctx.check_cancelled()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "the result cannot be written as JSON: .* not JSON compliant"),
        ({1}, "the result cannot be written as JSON: it holds a set"),
        ("\ud800", r"the result '\\ud800' is not valid Unicode text"),
    ],
)
def test_a_result_that_cannot_be_is_named(value: Any, why: str) -> None:
    with pytest.raises(BadRequestError, match=why):
        to_bytes(value)
    with pytest.raises(BadRequestError, match=why):
        context().result("approved", value)
    with pytest.raises(BadRequestError, match="the value cannot be written as JSON"):
        context().to_bytes(value)


def test_a_result_has_its_data_by_another_name() -> None:
    assert of(b"").result("approved", {"a": 1}).data == b'{"a":1}'


def test_the_context_of_a_record_knows_its_group_in_another_process_too() -> None:
    record = StreamRecord(StreamID(1, 0), 0, 0, "s", b"x", {}, None, 1)
    ctx = StreamContext(record, "default", group="g", consumer="c")
    again = pickle.loads(pickle.dumps(ctx))
    assert (again.group, again.consumer, again.payload) == ("g", "c", b"x")


def progress_context() -> tuple[ActionContext, list[str]]:
    told: list[str] = []
    task = Task("run-1", "resize", b"{}", 1, 5, 0, 0)
    return ActionContext(task, "default", on_progress=lambda: told.append("told")), told


def test_progress_is_told_and_keeps_its_last_note() -> None:
    ctx, told = progress_context()
    assert ctx.unknown_progress() == (None, None)
    ctx.progress(0.4, "resizing")
    ctx.progress(1)
    assert ctx.unknown_progress() == (1.0, "resizing")
    assert told == ["told", "told"]
    ctx.known = ctx.told
    assert ctx.unknown_progress() == (None, None)


@pytest.mark.parametrize("progress", [-1, 1.5, "half", True, None])
def test_progress_that_cannot_be_is_refused(progress: Any) -> None:
    ctx, told = progress_context()
    with pytest.raises(BadRequestError):
        ctx.progress(progress)
    assert not told


def test_a_handler_in_another_process_cannot_tell_its_progress() -> None:
    ctx, _ = progress_context()
    with pytest.raises(BadRequestError, match="another process"):
        pickle.loads(pickle.dumps(ctx)).progress(0.5)
