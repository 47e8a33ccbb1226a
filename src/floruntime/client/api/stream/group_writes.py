"""The writes of a stream's groups but `group_read`, which a batch takes, too."""

from __future__ import annotations

from collections.abc import Callable

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.stream.positions import (
    Position,
    RecordId,
    RecordIds,
    id_of,
    listed,
    position_text,
)
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff
from floruntime.core.stream import (
    GroupAck,
    GroupAckResult,
    GroupClaim,
    GroupConfigure,
    GroupCreate,
    GroupDeadDelete,
    GroupDeadRequeue,
    GroupDelete,
    GroupInfo,
    GroupJoin,
    GroupLeave,
    GroupNack,
    GroupSeek,
    GroupTouch,
    ReadResult,
    StreamID,
    StreamRecord,
)


class GroupWrites(Part):
    """Making groups, their members, and settling what was delivered to them."""

    def group_create(
        self,
        stream: str,
        group: str,
        *,
        start: Position = defaults.GROUP_START,
        mode: str = defaults.GROUP_MODE,
        ack_timeout_ms: int = defaults.ACK_TIMEOUT_MS,
        max_deliver: int = defaults.MAX_DELIVER,
        consumer_timeout_ms: int = defaults.CONSUMER_TIMEOUT_MS,
        retry_delay_ms: int = 0,
        retry_backoff: RetryBackoff | str = defaults.RETRY_BACKOFF,
        retry_delay_max_ms: int = defaults.RETRY_DELAY_MAX_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """Make a group, and its stream where there is none. Again with the same settings is fine.

        `start`: the position after which it reads; `"0"`, the default, is the beginning. `mode`:
        `"shared"`, the default, hands each record to any member, `"exclusive"` all to the first
        one, `"key_shared"` all of one partition key to one member at a time. `ack_timeout_ms`: what
        is not acked within it is delivered again; 30,000 unless given. `max_deliver`: deliveries in
        total before a record is a dead letter, 1 to 1,000,000; 10 unless given.
        `consumer_timeout_ms`: after how long without a word a member counts as gone; 30,000 unless
        given. Durations are 1 to ten years. `retry_delay_ms`: how long a record waits after a nack
        without a delay of its own, and after a lease that ran out; 0 unless given. `retry_backoff`:
        `"constant"`, the default, or `"exponential"`: twice as long after each attempt, and up to a
        tenth of that on top. `retry_delay_max_ms`: the longest that it grows to; an hour unless
        given.

        Raises `ConflictError` where the group exists with other settings (`start` is one),
        `BadRequestError` on a setting out of its limits.
        """
        request = GroupCreate(
            stream,
            group,
            position_text("start", start),
            mode,
            ack_timeout_ms,
            max_deliver,
            consumer_timeout_ms,
            retry_delay_ms,
            retry_backoff,
            retry_delay_max_ms,
        )
        return self._call(request, namespace, timeout_ms)

    def group_configure(
        self,
        stream: str,
        group: str,
        *,
        ack_timeout_ms: int | None = None,
        max_deliver: int | None = None,
        consumer_timeout_ms: int | None = None,
        retry_delay_ms: int | None = None,
        retry_backoff: RetryBackoff | str | None = None,
        retry_delay_max_ms: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """Set what is named, as `group_create` has it; the rest stays. The group as it is now.

        `ack_timeout_ms` holds for deliveries from now on, `max_deliver`, `consumer_timeout_ms`,
        `retry_delay_ms`, `retry_backoff` and `retry_delay_max_ms` for what ends from now on. All
        stay as they are unless given.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a setting out of
        its limits.
        """
        request = GroupConfigure(
            stream,
            group,
            ack_timeout_ms,
            max_deliver,
            consumer_timeout_ms,
            retry_delay_ms,
            retry_backoff,
            retry_delay_max_ms,
        )
        return self._call(request, namespace, timeout_ms)

    def group_join(
        self,
        stream: str,
        group: str,
        consumer: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """Become a member of the group, which is made where there is none.

        Raises `BadRequestError` where the group has 1,000 members already.
        """
        return self._call(GroupJoin(stream, group, consumer), namespace, timeout_ms)

    def group_leave(
        self,
        stream: str,
        group: str,
        consumer: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Leave, handing back at once what is pending. Returns whether it was a member.

        Raises `NotFoundError` where there is no such group.
        """
        return self._call(GroupLeave(stream, group, consumer), namespace, timeout_ms)

    def group_delete(
        self,
        stream: str,
        group: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[bool]:
        """Delete the group. Returns whether it existed.

        Raises `BadRequestError` on a name that cannot be.
        """
        return self._call(GroupDelete(stream, group), namespace, timeout_ms)

    def group_seek(
        self,
        stream: str,
        group: str,
        *,
        start: Position,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupInfo]:
        """Let the group go on at `start`; what is pending is dropped, dead letters stay.

        Raises `NotFoundError` where there is no such group.
        """
        request = GroupSeek(stream, group, position_text("start", start))
        return self._call(request, namespace, timeout_ms)

    def group_ack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupAckResult]:
        """Done with these records, 1 to 1,000. `stale` are those that somebody else has by now.

        `consumer`: which member says so, for records that this client was not given; by default
        nobody in particular.

        Raises `NotFoundError` where there is no such group. In a batch one that is stale is a
        `ConflictError`.
        """
        request = GroupAck(stream, group, *self._held(namespace, stream, group, ids), consumer)
        return self._call(request, namespace, timeout_ms)

    def group_nack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        delay_ms: int = 0,
        error: str | None = None,
        release: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupAckResult]:
        """These records, 1 to 1,000, failed: deliver them again.

        `consumer`: as for `group_ack`. `delay_ms`: after how long; 0, the default, means at once,
        ten years is the longest. `error`: a text of up to 4 KiB that is kept for the dead letter;
        none unless given. `release`: hand back at once and count no attempt; off by default.

        Raises `NotFoundError` where there is no such group, `BadRequestError` where `release` comes
        with `delay_ms` or `error`. In a batch a stale record is a `ConflictError`.
        """
        held = self._held(namespace, stream, group, ids)
        request = GroupNack(stream, group, *held, consumer, delay_ms, error, release)
        return self._call(request, namespace, timeout_ms)

    def group_touch(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        extend_ms: int = defaults.EXTEND_MS,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[GroupAckResult]:
        """Let leases that are still held run out later; the others are `stale`.

        `consumer`: as for `group_ack`. `extend_ms`: from now, 30,000 unless given, up to ten years.

        Raises `NotFoundError` where there is no such group.
        """
        held = self._held(namespace, stream, group, ids)
        request = GroupTouch(stream, group, *held, consumer, extend_ms)
        return self._call(request, namespace, timeout_ms)

    def group_claim(
        self,
        stream: str,
        *,
        group: str,
        consumer: str,
        min_idle_ms: int,
        limit: int = defaults.RECORDS_LIMIT,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[ReadResult]:
        """Take over records whose last delivery is `min_idle_ms` ago, each as a new delivery.

        `limit`: 1 to 1,000 records, 10 unless given.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a `limit` out of
        range.
        """
        request = GroupClaim(stream, group, consumer, min_idle_ms, limit)
        remembered = self._remembering(namespace, stream, group)
        return self._call_for(remembered, request, namespace, timeout_ms)

    def group_dead_requeue(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Let dead letters be delivered again, attempts at 0; how many there were.

        `ids`: ids or records, at most 1,000. One whose record the stream no longer keeps stays.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on more ids or none.
        """
        request = GroupDeadRequeue(stream, group, [id_of(item) for item in listed(ids)])
        return self._call(request, namespace, timeout_ms)

    def group_dead_delete(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Operation[int]:
        """Delete dead letters; how many there were. The stream's records stay.

        `ids`: ids or records, at most 1,000.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on more ids or none.
        """
        request = GroupDeadDelete(stream, group, [id_of(item) for item in listed(ids)])
        return self._call(request, namespace, timeout_ms)

    def _remembering(
        self, namespace: str | None, stream: str, group: str
    ) -> Callable[[ReadResult], ReadResult]:
        where = self._caller.namespace if namespace is None else namespace

        def remembered(result: ReadResult) -> ReadResult:
            self._caller.leases.remember_records(where, stream, group, result.records)
            return result

        return remembered

    def _held(
        self, namespace: str | None, stream: str, group: str, ids: RecordIds
    ) -> tuple[list[StreamID], list[int]]:
        where = self._caller.namespace if namespace is None else namespace
        items = listed(ids)
        leases = [self._lease_of(where, stream, group, item) for item in items]
        return [id_of(item) for item in items], leases

    def _lease_of(self, namespace: str, stream: str, group: str, item: RecordId) -> int:
        if isinstance(item, StreamRecord) and item.lease:
            return item.lease
        return self._caller.leases.of_record(namespace, stream, group, id_of(item))
