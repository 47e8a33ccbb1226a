"""Requests are called in metrics as the calls that make them."""

from __future__ import annotations

import pytest

from floruntime.core.action import ActionGetLimits, ActionInvoke
from floruntime.core.jobs import JobGet
from floruntime.core.kv import KvGetEntry, KvPut
from floruntime.core.stream import GroupRead
from floruntime.core.system import Ping
from floruntime.server.http.calls import calls
from floruntime.server.metrics import names
from floruntime.server.metrics.names import operation_of


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ActionGetLimits, "action.limits"),
        (ActionInvoke, "action.invoke"),
        (GroupRead, "stream.group_read"),
        (JobGet, "jobs.status"),
        (KvGetEntry, "kv.entry"),
        (KvPut, "kv.put"),
        (Ping, "ping"),
    ],
)
def test_as_calls_are_called(kind: type, name: str) -> None:
    assert operation_of(kind) == name


def test_what_has_another_name_is_a_call() -> None:
    assert {*names._CALLED.values()} - {*calls()} == {"kv.watch"}, "which is no call of HTTP"
