"""The members of a group: joining, being seen, leaving, being lost.

A member is lost when nothing was heard from it for `consumer_timeout_ms`. Every call that names it
renews it, but is written only when a tenth of that time has passed. A lost member keeps its records
until their leases expire. A member that leaves gives them back at once.
"""

from __future__ import annotations

from typing import Any

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.stream import GroupInfo, GroupJoin, GroupLeave
from floruntime.engine.state.tx import Tx
from floruntime.engine.stream.group.info import group_info
from floruntime.engine.stream.group.live_members import is_live, members_of
from floruntime.engine.stream.group.redelivery import release
from floruntime.engine.stream.group.rows import (
    MEMBERS,
    PENDING_RECORD,
    Member,
    MembersRow,
    OpenGroup,
    Standing,
    ensure_group,
    open_by_id,
    open_the_group,
)
from floruntime.engine.system import timers


def renew(opened: OpenGroup, consumer: str) -> None:
    """Note that `consumer` was heard of; it joins if it is no member.

    Only the sweep decides who is gone: right before it, open waits are renewed one by one, and
    none of them may lose its place to another that is renewed earlier.
    """
    tx, group = opened.tx, opened.group
    row = members_of(tx, group)
    member = row.members.get(consumer)
    if member is not None:
        if tx.now_ms - member.last_seen_ms < group.consumer_timeout_ms // 10:
            return
        seen = Member(member.joined, tx.now_ms)
        _put(opened, {**row.members, consumer: seen}, row.joined_total, row.due_ms)
        return
    _join(opened, consumer, row)


def renew_if_member(opened: OpenGroup, consumer: str | None) -> None:
    """Note that a member was heard of; anyone else does not become one by it."""
    if consumer is not None and consumer in members_of(opened.tx, opened.group).members:
        renew(opened, consumer)


def _join(opened: OpenGroup, consumer: str, row: MembersRow) -> None:
    if len(row.members) >= limits.GROUP_MEMBERS_MAX:
        raise BadRequestError(
            f"group {opened.name!r} has {len(row.members)} members; "
            f"at most {limits.GROUP_MEMBERS_MAX} are allowed"
        )
    members = {**row.members, consumer: Member(row.joined_total, opened.tx.now_ms)}
    _put(opened, members, row.joined_total + 1, row.due_ms)


def _put(opened: OpenGroup, members: dict[str, Member], joined_total: int, due_ms: int) -> None:
    """Write the members, with a timer for when the first of them could be gone."""
    tx, group = opened.tx, opened.group
    if members and not due_ms:
        first_seen_ms = min(member.last_seen_ms for member in members.values())
        due_ms = first_seen_ms + group.consumer_timeout_ms
        timers.set_timer(tx, due_ms, timers.GROUP_CONSUMER, group.id)
    tx.put(MEMBERS, MEMBERS.key(group.id), MembersRow(members, joined_total, due_ms))


def sweep(tx: Tx, due_ms: int, group_id: int, item: int, data: Any) -> None:
    """Drop the members that are gone, and look again when the next could be."""
    opened = open_by_id(tx, group_id)
    if opened is None:
        return
    row = members_of(tx, opened.group)
    if row.due_ms != due_ms:
        return
    live = {
        name: member
        for name, member in row.members.items()
        if is_live(opened.group, member, tx.now_ms)
    }
    _put(opened, live, row.joined_total, 0)
    if len(live) < len(row.members):
        opened.touch()


def join(tx: Tx, request: GroupJoin) -> GroupInfo:
    limits.check_name("consumer", request.consumer)
    opened = ensure_group(tx, request.stream, request.group)
    renew(opened, request.consumer)
    opened.save()
    return group_info(tx, opened.stream, opened.group, request.group)


def leave(tx: Tx, request: GroupLeave) -> bool:
    """Take the member out and hand back what it holds. Answers whether it was one."""
    limits.check_name("consumer", request.consumer)
    opened = open_the_group(tx, request.stream, request.group)
    row = members_of(tx, opened.group)
    held = [
        (PENDING_RECORD.unpack(key)[1:], pending)
        for key, pending in tx.scan(PENDING_RECORD, *PENDING_RECORD.range(opened.group.id))
        if pending.consumer == request.consumer and pending.standing == Standing.HELD
    ]
    for (ms, sequence), pending in held:
        release(opened, (ms, sequence), pending, consumer="")
    if request.consumer in row.members:
        rest = {name: seen for name, seen in row.members.items() if name != request.consumer}
        _put(opened, rest, row.joined_total, row.due_ms)
    opened.save()
    opened.touch()
    return request.consumer in row.members
