"""The groups that triggers read through are the engine's: people see them, and nobody uses them.

Whoever could move such a group, read in it or delete it, would have records skipped, or started
twice. A group is a trigger's while the latest version of its workflow has that trigger; before and
after it is anybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from floruntime.core.errors import ForbiddenError
from floruntime.core.limits import shown
from floruntime.core.stream import GroupGetInfo, GroupInfo, GroupList, GroupListReply
from floruntime.engine.state.tx import Tx, View
from floruntime.engine.stream.group import info
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.catalog.triggers import TRIGGER, TRIGGERED
from floruntime.engine.workflow.runs.rows import WORKFLOW_NAME

R = TypeVar("R")


def trigger_of(view: View, stream: str, group: str) -> str:
    """The workflow whose trigger reads through this group; empty where none does."""
    for workflow_id in (
        view.get(TRIGGERED, TRIGGERED.key(namespace_id(view), tail=stream.encode())) or ()
    ):
        row = view.get(TRIGGER, TRIGGER.key(workflow_id))
        if row is not None and row.group == group:
            names = view.get(WORKFLOW_NAME, WORKFLOW_NAME.key(workflow_id))
            return "" if names is None else names.name
    return ""


def of_people(apply: Callable[[Tx, Any], R]) -> Callable[[Tx, Any], R]:
    """The rule of a command on a group, for groups that are not a trigger's."""

    def guarded(tx: Tx, request: Any) -> R:
        _check(tx, request.stream, request.group)
        return apply(tx, request)

    return guarded


def _check(tx: Tx, stream: str, group: str) -> None:
    try:
        workflow = trigger_of(tx, stream, group)
    except UnicodeEncodeError:
        return  # what is wrong with the name is told by whoever takes it
    if workflow:
        raise ForbiddenError(
            f"group {shown(group)} of stream {shown(stream)} is that of the trigger of workflow "
            f"{shown(workflow)}: it is the engine's, and can only be looked at. Read through a "
            "group of your own; to move or end it, change the workflow's trigger"
        )


def get_info(view: View, request: GroupGetInfo) -> GroupInfo:
    return _told(view, request.stream, info.get_info(view, request))


def list_groups(view: View, request: GroupList) -> GroupListReply:
    reply = info.list_groups(view, request)
    items = [_told(view, request.stream, each) for each in reply.items]
    return GroupListReply(items, reply.cursor)


def _told(view: View, stream: str, group: GroupInfo) -> GroupInfo:
    workflow = trigger_of(view, stream, group.name)
    return replace(group, trigger_of=workflow) if workflow else group
