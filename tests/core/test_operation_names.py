"""Requests are called as the calls that make them."""

from __future__ import annotations

import pytest

from floruntime.core import operation_names
from floruntime.core.action import ActionGetLimits, ActionInvoke
from floruntime.core.jobs import JobGet
from floruntime.core.kv import KvGetEntry, KvPut
from floruntime.core.operation_names import operation_of
from floruntime.core.stream import GroupRead
from floruntime.core.system import Ping
from floruntime.server.http.calls import calls


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
    others = {*operation_names._CALLED.values()} - {*calls()}
    assert others == {"kv.watch"}, "which is no call of HTTP"
