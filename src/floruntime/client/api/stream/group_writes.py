"""The writes of a stream's groups that a batch takes, too: all except `group_read`."""

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
    """Making groups, joining them, and settling the records that they delivered."""

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
        """Create a group, and its stream if there is none.

        Creating it again with the same settings changes nothing. Durations are 1 ms to ten years,
        unless something else is said.

        - `start`: the position after which the group reads; `"0"`, the default, is the beginning.
        - `mode`: `"shared"`, the default, gives each record to any member. `"exclusive"` gives all
          records to the first member. `"key_shared"` gives all records of one partition key to one
          member at a time.
        - `ack_timeout_ms`: how long a delivery is leased; default 30,000. A record that is not
          acked by then is delivered again.
        - `max_deliver`: how often a record is delivered before it is a dead letter, 1 to 1,000,000;
          default 10.
        - `consumer_timeout_ms`: a member counts as lost after this time without a request; default
          30,000.
        - `retry_delay_ms`: how long a record waits after its lease has expired, or after a nack
          without a delay of its own; default 0.
        - `retry_backoff`: `"constant"`, the default, or `"exponential"`. The latter doubles the
          delay after each attempt and adds up to a tenth.
        - `retry_delay_max_ms`: the longest delay that this growth reaches; default one hour.

        Raises `ConflictError` if the group exists with other settings (`start` is one of them),
        `BadRequestError` if a setting is out of its limits.
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
        """Change settings of a group. Returns the group in its new state.

        The settings are those of `group_create`; one that is left out stays as it is.
        `ack_timeout_ms` applies to deliveries from now on. `max_deliver`, `consumer_timeout_ms`,
        `retry_delay_ms`, `retry_backoff` and `retry_delay_max_ms` apply to deliveries that end from
        now on.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if a setting is out of
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
        """Become a member of the group, which is created if there is none.

        Raises `BadRequestError` if the group has 1,000 members already.
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
        """Leave the group and give back its pending records. Returns whether it was a member.

        Raises `NotFoundError` if there is no such group.
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

        Raises `BadRequestError` if a name is invalid.
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
        """Let the group continue at `start`. Pending records are dropped; dead letters stay.

        Raises `NotFoundError` if there is no such group.
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
        """Acknowledge records, 1 to 1,000: their work is done.

        `stale` in the answer lists the records that somebody else has by now. `consumer`: the
        member that acks, for records that were not delivered to this client. If it is given,
        records of other members are `stale`, too; by default no member is named.

        Raises `NotFoundError` if there is no such group. In a batch, a stale record raises
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
        """Report that records, 1 to 1,000, failed, so that they are delivered again.

        - `consumer`: as for `group_ack`.
        - `delay_ms`: when they are delivered again; 0, the default, means after the group's
          `retry_delay_ms`, and ten years is the longest.
        - `error`: a text of up to 4 KiB that is kept for the dead letter; none by default.
        - `release`: give them back at once without counting an attempt; off by default.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if `release` is given
        with `delay_ms` or `error`. In a batch, a stale record raises `ConflictError`.
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
        """Extend leases that are still held. `stale` in the answer lists the other records.

        `consumer`: as for `group_ack`. `extend_ms`: the new end of the lease, in milliseconds from
        now; default 30,000, up to ten years.

        Raises `NotFoundError` if there is no such group.
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
        """Take over records whose last delivery is `min_idle_ms` ago. Each is a new delivery.

        `limit`: 1 to 1,000 records; default 10.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if `limit` is out of
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
        """Deliver dead letters again, with attempts counted from 0. Returns how many there were.

        `ids`: ids or records, at most 1,000. A dead letter stays if the stream no longer keeps its
        record.

        Raises `NotFoundError` if there is no such group, `BadRequestError` for no ids, or more than
        1,000.
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
        """Delete dead letters. Returns how many there were. The stream's records stay.

        `ids`: ids or records, at most 1,000.

        Raises `NotFoundError` if there is no such group, `BadRequestError` for no ids, or more than
        1,000.
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
