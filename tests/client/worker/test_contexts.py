"""What handlers are given: that what they log names the delivery, whatever that is called."""

from __future__ import annotations

import logging

import pytest

from floruntime.client.worker.contexts import ActionContext
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
