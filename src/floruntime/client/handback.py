"""What to send when a delivery arrives for a caller that gave up waiting.

Without this, what a cancelled `dequeue` was given would be out of everybody's sight until its lease
runs out.
"""

from __future__ import annotations

from typing import Any

from floruntime.core.queue import QueueDequeue, QueueNack
from floruntime.core.stream import GroupClaim, GroupNack, GroupRead
from floruntime.core.types import Command, Request


def hand_back(request: Request[Any], result: Any) -> Command[Any] | None:
    """The command that gives back what `result` delivered, if it delivered anything."""
    if isinstance(request, QueueDequeue):
        return _release_messages(request, result)
    if isinstance(request, (GroupRead, GroupClaim)):
        return _release_records(request, result)
    return None


def _release_messages(request: QueueDequeue, result: Any) -> QueueNack | None:
    leased = [message for message in result.messages if message.lease]
    if not leased or request.on_delivery:
        return None
    return QueueNack(
        request.queue,
        [message.seq for message in leased],
        [message.lease for message in leased],
        release=True,
    )


def _release_records(request: GroupRead | GroupClaim, result: Any) -> GroupNack | None:
    leased = [record for record in result.records if record.lease]
    if not leased:
        return None
    return GroupNack(
        request.stream,
        request.group,
        [record.id for record in leased],
        [record.lease for record in leased],
        consumer=request.consumer,
        release=True,
    )
