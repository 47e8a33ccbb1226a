"""`Stream`, waited for.

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from floruntime.client.api.base.values import JsonPayload
from floruntime.client.api.stream.follow import Callback
from floruntime.client.api.stream.positions import Position, RecordIds
from floruntime.client.api.stream.stream import Stream as AsyncStream
from floruntime.core import defaults
from floruntime.core.backoff import RetryBackoff
from floruntime.core.jobs import BulkJob, DeadBulkOperation
from floruntime.core.stream import (
    AppendResult,
    GroupAckResult,
    GroupInfo,
    PendingEntry,
    ReadResult,
    StreamInfo,
    StreamRecord,
    TrimResult,
)
from floruntime.core.types import Page
from floruntime.sync.standing import PartOf
from floruntime.sync.stream_follower import StreamFollower
from floruntime.sync.subscription import Subscription, subscribe


class Stream(PartOf[AsyncStream]):
    """The streams of one client.

    The name of a stream, a group or a consumer is 1 to 255 bytes of UTF-8 without control
    characters; any other name raises `BadRequestError`. A position is a `StreamID`, its text, `"0"`
    (the beginning) or `"$"` (after the last record). The client sends along the leases of the
    records that groups delivered to it (the last 100,000). Every method takes `namespace` and
    `timeout_ms`, by default the client's own.
    """

    @property
    def _of(self) -> AsyncStream:
        return self._bridge.client.stream

    def create(
        self,
        stream: str,
        *,
        partitions: int = 1,
        max_age_ms: int | None = None,
        max_records: int | None = None,
        max_bytes: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> StreamInfo:
        """Create a stream. Creating it again with the same settings changes nothing.

        - `partitions`: 1 to 256; default 1. The number never changes.
        - `max_age_ms`, `max_records`, `max_bytes`: records beyond one of these limits are removed,
          the oldest first; by default there are no limits. Bytes are those of payloads, headers and
          partition keys.

        Raises `ConflictError` if the stream exists with other settings, `BadRequestError` if a
        setting is out of its limits.
        """
        return self._bridge.run(
            self._of.create(
                stream,
                partitions=partitions,
                max_age_ms=max_age_ms,
                max_records=max_records,
                max_bytes=max_bytes,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def alter(
        self,
        stream: str,
        *,
        max_age_ms: int | UnsetType | None = UNSET,
        max_records: int | UnsetType | None = UNSET,
        max_bytes: int | UnsetType | None = UNSET,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> StreamInfo:
        """Change limits of a stream, which apply at once.

        `max_age_ms`, `max_records`, `max_bytes`: at least 1; `None` removes the limit. A limit that
        is left out stays as it is.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` if a limit is below 1.
        """
        return self._bridge.run(
            self._of.alter(
                stream,
                max_age_ms=max_age_ms,
                max_records=max_records,
                max_bytes=max_bytes,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def trim(
        self,
        stream: str,
        *,
        max_records: int | None = None,
        before: Position | None = None,
        max_age_ms: int | None = None,
        max_bytes: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> TrimResult:
        """Remove the oldest records that any of the criteria names. Returns how many were removed.

        - `max_records`, `max_bytes`: keep at most so many.
        - `max_age_ms`: remove records that are older.
        - `before`: remove records with a smaller id.
        - `dry_run`: only count; off by default.

        Give at least one criterion. A criterion that is left out removes nothing.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` without any criterion.
        """
        return self._bridge.run(
            self._of.trim(
                stream,
                max_records=max_records,
                before=before,
                max_age_ms=max_age_ms,
                max_bytes=max_bytes,
                dry_run=dry_run,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def delete(
        self,
        stream: str,
        *,
        force: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete a stream with its groups. Returns whether it existed.

        `force`: delete it even if it holds records; off by default.

        Raises `ConflictError` if it holds records and `force` is not given.
        """
        return self._bridge.run(
            self._of.delete(stream, force=force, namespace=namespace, timeout_ms=timeout_ms)
        )

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
    ) -> GroupInfo:
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
        return self._bridge.run(
            self._of.group_create(
                stream,
                group,
                start=start,
                mode=mode,
                ack_timeout_ms=ack_timeout_ms,
                max_deliver=max_deliver,
                consumer_timeout_ms=consumer_timeout_ms,
                retry_delay_ms=retry_delay_ms,
                retry_backoff=retry_backoff,
                retry_delay_max_ms=retry_delay_max_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> GroupInfo:
        """Change settings of a group. Returns the group in its new state.

        The settings are those of `group_create`; one that is left out stays as it is.
        `ack_timeout_ms` applies to deliveries from now on. `max_deliver`, `consumer_timeout_ms`,
        `retry_delay_ms`, `retry_backoff` and `retry_delay_max_ms` apply to deliveries that end from
        now on.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if a setting is out of
        its limits.
        """
        return self._bridge.run(
            self._of.group_configure(
                stream,
                group,
                ack_timeout_ms=ack_timeout_ms,
                max_deliver=max_deliver,
                consumer_timeout_ms=consumer_timeout_ms,
                retry_delay_ms=retry_delay_ms,
                retry_backoff=retry_backoff,
                retry_delay_max_ms=retry_delay_max_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def group_join(
        self,
        stream: str,
        group: str,
        consumer: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> GroupInfo:
        """Become a member of the group, which is created if there is none.

        Raises `BadRequestError` if the group has 1,000 members already.
        """
        return self._bridge.run(
            self._of.group_join(stream, group, consumer, namespace=namespace, timeout_ms=timeout_ms)
        )

    def group_leave(
        self,
        stream: str,
        group: str,
        consumer: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Leave the group and give back its pending records. Returns whether it was a member.

        Raises `NotFoundError` if there is no such group.
        """
        return self._bridge.run(
            self._of.group_leave(
                stream, group, consumer, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def group_delete(
        self,
        stream: str,
        group: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> bool:
        """Delete the group. Returns whether it existed.

        Raises `BadRequestError` if a name is invalid.
        """
        return self._bridge.run(
            self._of.group_delete(stream, group, namespace=namespace, timeout_ms=timeout_ms)
        )

    def group_seek(
        self,
        stream: str,
        group: str,
        *,
        start: Position,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> GroupInfo:
        """Let the group continue at `start`. Pending records are dropped; dead letters stay.

        Raises `NotFoundError` if there is no such group.
        """
        return self._bridge.run(
            self._of.group_seek(
                stream, group, start=start, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def group_ack(
        self,
        stream: str,
        ids: RecordIds,
        *,
        group: str,
        consumer: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> GroupAckResult:
        """Acknowledge records, 1 to 1,000: their work is done.

        `stale` in the answer lists the records that somebody else has by now. `consumer`: the
        member that acks, for records that were not delivered to this client. If it is given,
        records of other members are `stale`, too; by default no member is named.

        Raises `NotFoundError` if there is no such group. In a batch, a stale record raises
        `ConflictError`.
        """
        return self._bridge.run(
            self._of.group_ack(
                stream,
                ids,
                group=group,
                consumer=consumer,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> GroupAckResult:
        """Report that records, 1 to 1,000, failed, so that they are delivered again.

        - `consumer`: as for `group_ack`.
        - `delay_ms`: when they are delivered again; 0, the default, means after the group's
          `retry_delay_ms`, and ten years is the longest.
        - `error`: a text of up to 4 KiB that is kept for the dead letter; none by default.
        - `release`: give them back at once without counting an attempt; off by default.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if `release` is given
        with `delay_ms` or `error`. In a batch, a stale record raises `ConflictError`.
        """
        return self._bridge.run(
            self._of.group_nack(
                stream,
                ids,
                group=group,
                consumer=consumer,
                delay_ms=delay_ms,
                error=error,
                release=release,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> GroupAckResult:
        """Extend leases that are still held. `stale` in the answer lists the other records.

        `consumer`: as for `group_ack`. `extend_ms`: the new end of the lease, in milliseconds from
        now; default 30,000, up to ten years.

        Raises `NotFoundError` if there is no such group.
        """
        return self._bridge.run(
            self._of.group_touch(
                stream,
                ids,
                group=group,
                consumer=consumer,
                extend_ms=extend_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

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
    ) -> ReadResult:
        """Take over records whose last delivery is `min_idle_ms` ago. Each is a new delivery.

        `limit`: 1 to 1,000 records; default 10.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if `limit` is out of
        range.
        """
        return self._bridge.run(
            self._of.group_claim(
                stream,
                group=group,
                consumer=consumer,
                min_idle_ms=min_idle_ms,
                limit=limit,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def group_dead_requeue(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Deliver dead letters again, with attempts counted from 0. Returns how many there were.

        `ids`: ids or records, at most 1,000. A dead letter stays if the stream no longer keeps its
        record.

        Raises `NotFoundError` if there is no such group, `BadRequestError` for no ids, or more than
        1,000.
        """
        return self._bridge.run(
            self._of.group_dead_requeue(
                stream, group, ids, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def group_dead_delete(
        self,
        stream: str,
        group: str,
        ids: RecordIds,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> int:
        """Delete dead letters. Returns how many there were. The stream's records stay.

        `ids`: ids or records, at most 1,000.

        Raises `NotFoundError` if there is no such group, `BadRequestError` for no ids, or more than
        1,000.
        """
        return self._bridge.run(
            self._of.group_dead_delete(
                stream, group, ids, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def group_info(
        self,
        stream: str,
        group: str,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> GroupInfo:
        """Return the group in its current state.

        Raises `NotFoundError` if there is no such group.
        """
        return self._bridge.run(
            self._of.group_info(stream, group, namespace=namespace, timeout_ms=timeout_ms)
        )

    def group_list(
        self,
        stream: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[GroupInfo]:
        """List the stream's groups by name, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `NotFoundError` if there is no such stream, `BadRequestError` if the cursor belongs
        to another listing.
        """
        return self._bridge.run(
            self._of.group_list(
                stream, limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms
            )
        )

    def group_read(
        self,
        stream: str,
        *,
        group: str,
        consumer: str,
        limit: int = defaults.RECORDS_LIMIT,
        block_ms: int = 0,
        no_ack: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ReadResult:
        """Read records for this consumer: due redeliveries first, then new records.

        Each record is leased for the group's `ack_timeout_ms`. If there is no such group, it is
        created; if the consumer is not a member, it becomes one.

        - `limit`: at most so many records, 1 to 1,000; default 10. Fewer are returned if there are
          fewer, or if their payloads reach 4 MiB.
        - `block_ms`: how long to wait for the first record; 0, the default, does not wait, and
          300,000 is the longest.
        - `no_ack`: lease nothing, so that each record is delivered at most once; off by default.

        Raises `BadRequestError` if a value is out of these limits, or if the group has 1,000
        members already.
        """
        return self._bridge.run(
            self._of.group_read(
                stream,
                group=group,
                consumer=consumer,
                limit=limit,
                block_ms=block_ms,
                no_ack=no_ack,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def group_pending(
        self,
        stream: str,
        group: str,
        *,
        consumer: str | None = None,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[PendingEntry]:
        """List delivered records that are neither acked nor dead, by id, one page at a time.

        `consumer`: only the records of this member; by default of all. `limit`: 1 to 1,000; default
        100. `cursor`: that of the previous page; without it, the first page is returned.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if the cursor belongs to
        another listing.
        """
        return self._bridge.run(
            self._of.group_pending(
                stream,
                group,
                consumer=consumer,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def group_dead(
        self,
        stream: str,
        group: str,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[StreamRecord]:
        """List the dead letters, one page at a time, with `reason` and the last nack's `error`.

        A group keeps the latest 10,000. `limit`: 1 to 1,000; default 100. `cursor`: that of the
        previous page; without it, the first page is returned.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if the cursor belongs to
        another listing.
        """
        return self._bridge.run(
            self._of.group_dead(
                stream,
                group,
                limit=limit,
                cursor=cursor,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def append(
        self,
        stream: str,
        payload: JsonPayload,
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        headers: Mapping[str, str] | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> AppendResult:
        """Append a record. A stream that does not exist is created, with one partition.

        - `payload`: at most the server's `value_bytes_max` (1 MiB unless configured).
        - `partition_key`: a name of 1 to 255 bytes. The same key always maps to the same partition
          (CRC-32 of its UTF-8, modulo the number of partitions).
        - `partition`: the partition's number, from 0. With neither a partition nor a key, the
          default, records go to the partitions in turn.
        - `headers`: up to 64 texts by name, together 16 KiB; none by default.

        Raises `BadRequestError` if a value is out of these limits, if there is no such partition,
        or if the record is larger than the stream's `max_bytes`; `StorageFullError` if the server's
        disk is nearly full.
        """
        return self._bridge.run(
            self._of.append(
                stream,
                payload,
                partition_key=partition_key,
                partition=partition,
                headers=headers,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def append_many(
        self,
        stream: str,
        payloads: Iterable[JsonPayload],
        *,
        partition_key: str | None = None,
        partition: int | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> builtins.list[AppendResult]:
        """Append 1 to 1,000 records in one commit: all, or none. Returns their places, in order.

        `partition_key` and `partition` are those of `append`. With neither, the default, the
        records go to the partitions in turn.

        Raises `BadRequestError` and `StorageFullError` as `append` does.
        """
        return self._bridge.run(
            self._of.append_many(
                stream,
                payloads,
                partition_key=partition_key,
                partition=partition,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def read(
        self,
        stream: str,
        *,
        start: Position | None = None,
        end: Position | None = None,
        after: Position | None = None,
        offset: int | None = None,
        tail: bool = False,
        limit: int = defaults.RECORDS_LIMIT,
        partition: int | None = None,
        partition_key: str | None = None,
        block_ms: int = 0,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> ReadResult:
        """Read records in id order, by default from the beginning.

        Give at most one of `start`, `after`, `offset` and `tail`. A stream that does not exist
        reads as empty.

        - `start`: begin with this position, included.
        - `after`: begin after this position.
        - `offset`: begin with this record of the partition (0 if none is named), counted from 0.
        - `tail`: show only records that are appended after the read began; use it with `block_ms`.
          Off by default.
        - `end`: stop at this position, included; by default at the last record.
        - `limit`: at most so many records, 1 to 1,000; default 10. An answer ends earlier when its
          payloads reach 4 MiB, but has one record at least.
        - `partition`: only records of this partition, or of the one that `partition_key` maps to;
          by default of all.
        - `block_ms`: how long to wait for the first record; 0, the default, does not wait, and
          300,000 is the longest.

        Raises `BadRequestError` if two beginnings are given, if a text is not a position, or if
        there is no such partition.
        """
        return self._bridge.run(
            self._of.read(
                stream,
                start=start,
                end=end,
                after=after,
                offset=offset,
                tail=tail,
                limit=limit,
                partition=partition,
                partition_key=partition_key,
                block_ms=block_ms,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )

    def subscribe(
        self,
        stream: str,
        callback: Callback,
        *,
        start: Position = "$",
        partition: int | None = None,
        namespace: str | None = None,
    ) -> Subscription:
        """Call `callback` with every record from `start` on.

        - `start`: `"$"`, the default, is now. The position is fixed when this call returns. Every
          record that is appended later is shown once, also across lost connections.
        - `partition`: its number, from 0; by default all.

        If the callback raises, the exception is logged, and the next record follows.

        Raises `BadRequestError` if `callback` is not a function, if a text is not a position, or if
        there is no such partition. Until the subscription has begun, it also raises what the
        connection raises. An error that ends it later is in `Subscription.error`.
        """
        return subscribe(
            lambda: self.follow(stream, start=start, partition=partition, namespace=namespace),
            callback,
        )

    def follow(
        self,
        stream: str,
        *,
        start: Position = "$",
        partition: int | None = None,
        namespace: str | None = None,
    ) -> StreamFollower:
        """Iterate over the records from `start` on, without end, also across lost connections.

        - `start`: `"$"`, the default, is the moment when `follow` is called.
          `follower.start()` makes certain that the server has been asked for that position.
        - `partition`: its number, from 0; by default all.

        A step raises `BadRequestError` if there is no such partition. Until the follower has begun,
        a step also raises what the connection raises.
        """
        return StreamFollower(
            self._bridge,
            lambda: self._of.follow(stream, start=start, partition=partition, namespace=namespace),
        )

    def info(
        self, stream: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> StreamInfo:
        """Return the stream's size and settings.

        Raises `NotFoundError` if there is no such stream.
        """
        return self._bridge.run(self._of.info(stream, namespace=namespace, timeout_ms=timeout_ms))

    def list(
        self,
        *,
        limit: int = defaults.PAGE_LIMIT,
        cursor: str | None = None,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> Page[StreamInfo]:
        """List the namespace's streams by name, one page at a time.

        `limit`: 1 to 1,000; default 100. `cursor`: that of the previous page; without it, the first
        page is returned.

        Raises `BadRequestError` if the cursor belongs to another listing.
        """
        return self._bridge.run(
            self._of.list(limit=limit, cursor=cursor, namespace=namespace, timeout_ms=timeout_ms)
        )

    def bulk(
        self,
        stream: str,
        group: str,
        operation: DeadBulkOperation | str,
        *,
        error_contains: str | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        namespace: str | None = None,
        timeout_ms: int | None = None,
    ) -> BulkJob:
        """Requeue or delete all dead letters of a group that match, in a background job.

        - `operation`: `"requeue_dead"` or `"delete_dead"`.
        - `error_contains`: only dead letters whose last error contains this text; by default all.
        - `limit`: at most so many; by default all.
        - `dry_run`: only count; off by default.

        Records that become dead letters after this call are not touched. `client.jobs` shows the
        progress.

        Raises `NotFoundError` if there is no such group, `BadRequestError` if there is no such
        operation.
        """
        return self._bridge.run(
            self._of.bulk(
                stream,
                group,
                operation,
                error_contains=error_contains,
                limit=limit,
                dry_run=dry_run,
                namespace=namespace,
                timeout_ms=timeout_ms,
            )
        )
