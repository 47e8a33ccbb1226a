"""schemathesis tries all calls as they are described: no 5xx, no answer off its schema."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from floruntime.testing import FloTestServer

schemathesis = pytest.importorskip("schemathesis")
SECONDS_MAX = 20
"""No further call is tried after this; which ones go first is another matter each time."""
EXAMPLES_PER_CALL = 2
QUICK = settings(
    max_examples=EXAMPLES_PER_CALL,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
ANSWERS_AT_ONCE = ("wait", "call", "await_task", "await_tasks", "dequeue", "group_read", "read")


async def test_no_call_fails_and_every_answer_is_as_described() -> None:
    async with FloTestServer() as flo:
        tried = await asyncio.to_thread(_try_all, f"http://{flo.endpoint}/v1/openapi.json")
    assert tried


def _try_all(url: str) -> int:
    """How many calls were tried."""
    import random

    operations = [each.ok() for each in schemathesis.openapi.from_url(url).get_all_operations()]
    calls = [each for each in operations if each.method.upper() == "POST"]
    random.shuffle(calls)
    until_s = monotonic() + SECONDS_MAX
    tried = 0
    for call in calls:
        if monotonic() > until_s:
            break
        _try(call)
        tried += 1
    return tried


def _try(call: Any) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    is_as_described = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]

    @QUICK
    @given(case=call.as_strategy())
    def each(case: Any) -> None:
        if isinstance(case.body, dict) and call.path.rpartition(".")[2] in ANSWERS_AT_ONCE:
            case.body["block_ms"] = 0  # by a clock that stands still a wait has no end
        case.call_and_validate(timeout=30, checks=is_as_described)

    each()
