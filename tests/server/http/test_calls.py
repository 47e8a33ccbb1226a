"""Every call of the Python API has its path, by the names and types of its methods."""

from __future__ import annotations

import typing

import pytest

from floruntime.client.base import BaseClient
from floruntime.server.http import kinds
from floruntime.server.http.calls import (
    NOT_CALLS,
    HttpCall,
    batch_calls,
    calls,
    methods_of,
    parts_of,
)

CONTRACT = [
    "kv.get",
    "kv.entry",
    "kv.put",
    "kv.delete",
    "kv.scan",
    "kv.history",
    "kv.mget",
    "kv.incr",
    "kv.touch",
    "kv.persist",
    "kv.exists",
    "kv.json_get",
    "kv.json_set",
    "kv.json_del",
    "queue.enqueue",
    "queue.enqueue_many",
    "queue.dequeue",
    "queue.ack",
    "queue.nack",
    "queue.touch",
    "queue.peek",
    "queue.dlq_list",
    "queue.dlq_requeue",
    "queue.dlq_delete",
    "queue.dlq_purge",
    "queue.purge",
    "queue.configure",
    "queue.stats",
    "queue.list",
    "queue.delete",
    "stream.append",
    "stream.append_many",
    "stream.read",
    "stream.create",
    "stream.alter",
    "stream.info",
    "stream.list",
    "stream.trim",
    "stream.delete",
    "stream.group_create",
    "stream.group_join",
    "stream.group_leave",
    "stream.group_delete",
    "stream.group_seek",
    "stream.group_info",
    "stream.group_list",
    "stream.group_read",
    "stream.group_ack",
    "stream.group_nack",
    "stream.group_touch",
    "stream.group_pending",
    "stream.group_dead",
    "stream.group_claim",
    "action.register",
    "action.invoke",
    "action.status",
    "action.wait",
    "action.call",
    "action.cancel",
    "action.get",
    "action.delete",
    "action.enable",
    "action.disable",
    "action.list",
    "action.list_runs",
    "worker.register",
    "worker.heartbeat",
    "worker.drain",
    "worker.deregister",
    "worker.list",
    "worker.await_task",
    "worker.await_tasks",
    "worker.complete",
    "worker.fail",
    "worker.touch",
    "worker.release",
    "workflow.sync",
    "workflow.sync_bytes",
    "workflow.validate",
    "workflow.start",
    "workflow.status",
    "workflow.wait",
    "workflow.signal",
    "workflow.cancel",
    "workflow.retry",
    "workflow.history",
    "workflow.list_runs",
    "workflow.list_definitions",
    "workflow.get_definition",
    "workflow.disable",
    "workflow.enable",
    "workflow.schedules",
    "workflow.pause_schedule",
    "workflow.resume_schedule",
    "workflow.trigger_schedule",
    "namespaces.create",
    "namespaces.list",
    "namespaces.delete",
    "tokens.create",
    "tokens.list",
    "tokens.revoke",
    "server.info",
    "server.backup",
]
"""What a person can rely on. More may come by itself; nothing of this may go."""


def test_the_calls_of_the_contract_are_there() -> None:
    assert not set(CONTRACT) - set(calls())


def test_every_method_is_a_call_or_says_why_not() -> None:
    methods = {
        f"{name}.{method}"
        for name, part in parts_of(BaseClient("memory://")).items()
        for method, _ in methods_of(part)
    }
    assert methods - set(calls()) - set(NOT_CALLS) == set()
    assert set(NOT_CALLS) <= methods


def test_what_has_no_namespace_is_named_by_its_signature() -> None:
    without = {call.name for call in calls().values() if not call.has_namespace}
    assert {name.partition(".")[0] for name in without} >= {"namespaces", "tokens", "server"}
    assert not {"kv.put", "queue.list", "action.register", "workflow.sync"} & without


def test_a_batch_takes_writes() -> None:
    assert {"kv.put", "kv.check", "stream.append", "workflow.start"} <= set(batch_calls())
    assert not {"kv.get", "queue.dequeue", "stream.group_read"} & set(batch_calls())


@pytest.mark.parametrize("call", [*calls().values(), *batch_calls().values()])
def test_the_type_of_every_field_is_known(call: HttpCall) -> None:
    """A method with a type that JSON has no way to write would take anything for it."""
    unknown = [
        name
        for name, field in call.fields.items()
        if kinds.takes_of(field.hint) is kinds._ANY and field.hint is not typing.Any
    ]
    assert not unknown, f"{call.name}: kinds.py does not know the types of {unknown}"
