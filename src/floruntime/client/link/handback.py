"""Makes the commands that hand back a delivery whose caller gave up waiting.

Without them, no other consumer would see what a cancelled `dequeue` was given until its lease ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from floruntime.core.queue import QueueDequeue, QueueNack
from floruntime.core.stream import GroupClaim, GroupNack, GroupRead
from floruntime.core.types import Command, Request
from floruntime.core.worker import WorkerAwait, WorkerExchange, WorkerRelease, WorkerTurn


def hand_back(request: Request[Any], result: Any) -> Sequence[Command[Any]]:
    """The commands that give back what `result` delivered."""
    if isinstance(request, QueueDequeue):
        return _release_messages(request, result)
    if isinstance(request, (GroupRead, GroupClaim)):
        return _release_records(request, result)
    if isinstance(request, WorkerTurn):
        return [WorkerRelease(request.worker_id, task.run_id, task.lease) for task in result.tasks]
    if isinstance(request, (WorkerAwait, WorkerExchange)):
        return [WorkerRelease(request.worker_id, task.run_id, task.lease) for task in result]
    return []


def _release_messages(request: QueueDequeue, result: Any) -> list[QueueNack]:
    leased = [message for message in result.messages if message.lease]
    if not leased or request.on_delivery:
        return []
    seqs = [message.seq for message in leased]
    return [QueueNack(request.queue, seqs, [one.lease for one in leased], release=True)]


def _release_records(request: GroupRead | GroupClaim, result: Any) -> list[GroupNack]:
    leased = [record for record in result.records if record.lease]
    if not leased:
        return []
    return [
        GroupNack(
            request.stream,
            request.group,
            [record.id for record in leased],
            [record.lease for record in leased],
            consumer=request.consumer,
            release=True,
        )
    ]
