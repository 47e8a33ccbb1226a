"""Finds the groups that triggers read through, so that the server can keep clients out of them.

If a client moved such a group, read in it or deleted it, records would be skipped or would start
two runs. So the server allows this to nobody (`server/access/needs.py`). A group belongs to a
trigger while the latest version of the workflow has that trigger. At other times anyone may use it.
"""

from __future__ import annotations

from msgspec.structs import replace

from floruntime.core.stream import GroupGetInfo, GroupInfo, GroupList, GroupListReply
from floruntime.engine.state.tx import View
from floruntime.engine.stream.group import info
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.catalog.triggers import TRIGGER, TRIGGERED
from floruntime.engine.workflow.runs.rows import WORKFLOW_NAME


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


def get_info(view: View, request: GroupGetInfo) -> GroupInfo:
    return _told(view, request.stream, info.get_info(view, request))


def list_groups(view: View, request: GroupList) -> GroupListReply:
    reply = info.list_groups(view, request)
    items = [_told(view, request.stream, each) for each in reply.items]
    return GroupListReply(items, reply.cursor)


def _told(view: View, stream: str, group: GroupInfo) -> GroupInfo:
    workflow = trigger_of(view, stream, group.name)
    return replace(group, trigger_of=workflow) if workflow else group
