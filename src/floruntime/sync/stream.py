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
    characters; another one is a `BadRequestError`. A position is a `StreamID`, its text, `"0"` (the
    beginning) or `"$"` (after the last). The client sends along the leases of the records that it
    was given by groups (the last 100,000). Every method takes `namespace` and `timeout_ms`, by
    default the client's own.
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
        """Make a stream. Again with the same settings is fine.

        `partitions`: 1 to 256, 1 unless given; they never change. `max_age_ms`, `max_records`,
        `max_bytes`: what is beyond one of these limits is removed, the oldest first; by default
        there is none. Bytes are those of payloads, headers and partition keys.

        Raises `ConflictError` where the stream exists with other settings, `BadRequestError` on a
        setting out of its limits.
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
        """Set the limits that are named, which hold at once; the others stay.

        `max_age_ms`, `max_records`, `max_bytes`: at least 1; `None` means no such limit. What is
        not named stays as it is.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` on a limit below 1.
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
        """Remove the oldest records: all that any of the criteria names. How many went.

        `max_records`, `max_bytes`: keep so many. `max_age_ms`: remove what is older. `before`:
        remove what has a smaller id. One of them at least is needed; those that are not given
        remove nothing. `dry_run` only counts; off by default.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` without any
        criterion.
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

        `force`: also one that holds records; off by default.

        Raises `ConflictError` where it holds records and `force` is not given.
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
        """Set what is named, as `group_create` has it; the rest stays. The group as it is now.

        `ack_timeout_ms` holds for deliveries from now on, `max_deliver`, `consumer_timeout_ms`,
        `retry_delay_ms`, `retry_backoff` and `retry_delay_max_ms` for what ends from now on. All
        stay as they are unless given.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a setting out of
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
        """Become a member of the group, which is made where there is none.

        Raises `BadRequestError` where the group has 1,000 members already.
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
        """Leave, handing back at once what is pending. Returns whether it was a member.

        Raises `NotFoundError` where there is no such group.
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

        Raises `BadRequestError` on a name that cannot be.
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
        """Let the group go on at `start`; what is pending is dropped, dead letters stay.

        Raises `NotFoundError` where there is no such group.
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
        """Done with these records, 1 to 1,000. `stale` are those that somebody else has by now.

        `consumer`: which member says so, for records that this client was not given; by default
        nobody in particular.

        Raises `NotFoundError` where there is no such group. In a batch one that is stale is a
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
        """These records, 1 to 1,000, failed: deliver them again.

        `consumer`: as for `group_ack`. `delay_ms`: after how long; 0, the default, means at once,
        ten years is the longest. `error`: a text of up to 4 KiB that is kept for the dead letter;
        none unless given. `release`: hand back at once and count no attempt; off by default.

        Raises `NotFoundError` where there is no such group, `BadRequestError` where `release` comes
        with `delay_ms` or `error`. In a batch a stale record is a `ConflictError`.
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
        """Let leases that are still held run out later; the others are `stale`.

        `consumer`: as for `group_ack`. `extend_ms`: from now, 30,000 unless given, up to ten years.

        Raises `NotFoundError` where there is no such group.
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
        """Take over records whose last delivery is `min_idle_ms` ago, each as a new delivery.

        `limit`: 1 to 1,000 records, 10 unless given.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a `limit` out of
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
        """Let dead letters be delivered again, attempts at 0; how many there were.

        `ids`: ids or records, at most 1,000. One whose record the stream no longer keeps stays.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on more ids or none.
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
        """Delete dead letters; how many there were. The stream's records stay.

        `ids`: ids or records, at most 1,000.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on more ids or none.
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
        """The group as it stands.

        Raises `NotFoundError` where there is none.
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
        """A page of the stream's groups, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `NotFoundError` where there is no such stream, `BadRequestError` on a cursor of
        another listing.
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
        """What there is for this consumer: due redeliveries first, then new records.

        Each is leased for the group's `ack_timeout_ms`. `limit`: at most so many, 1 to 1,000, 10
        unless given; fewer come when there are fewer, or when their payloads reach 4 MiB.
        `block_ms`: how long to wait for the first one; 0, the default, does not wait, 300,000 is
        the longest. `no_ack`: at most once, nothing is leased and nothing comes again; off by
        default.

        Raises `BadRequestError` on a value out of these limits, or where the group has 1,000
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
        """A page of what was delivered and is neither acked nor dead, in id order.

        `consumer`: what this member has; by default what all have. `limit`: 1 to 1,000, 100 unless
        given. `cursor`: that of the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a cursor of
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
        """A page of the dead letters, with `reason` and the last nack's `error`.

        A group keeps the latest 10,000. `limit`: 1 to 1,000, 100 unless given. `cursor`: that of
        the page before; without one it begins at the first.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on a cursor of
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
        """Add a record. A stream that does not exist is made, with one partition.

        `payload`: at most the server's `value_bytes_max` (1 MiB unless configured).
        `partition_key`: a name (1 to 255 bytes) that always maps to the same partition (CRC-32 of
        its UTF-8, modulo the partitions). `partition`: its number, from 0. With neither, the
        default, records go round robin. `headers`: up to 64 texts by name, 16 KiB together; none
        unless given.

        Raises `BadRequestError` on a value out of these limits, a partition that there is not, or
        a record that the stream's `max_bytes` can never hold; `StorageFullError` where the server's
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
        """Add 1 to 1,000 records in one commit: all, or none. Their places, in order.

        `partition_key` and `partition` are as for `append`; with neither, the default, the records
        go round robin.

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
        """Records in id order, from the beginning unless told otherwise.

        One of these says where it begins: `start` (included), `after` (not included), `offset`
        (counts from 0 in a partition, 0 if none is named), or `tail`, off by default, which shows
        only what comes after the read began: give it `block_ms`. `end` (included) says where it
        ends; by default at the last record. `limit`: at most so many, 1 to 1,000, 10 unless given;
        an answer ends earlier, with one record at least, at 4 MiB of payloads. `partition`, or the
        one that `partition_key` maps to; by default all. `block_ms`: how long to wait for the first
        record; 0, the default, does not wait, 300,000 is the longest. A stream that does not exist
        reads as empty.

        Raises `BadRequestError` where two beginnings are given, on a text that is no position, and
        on a partition that there is not.
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

        `start`: `"$"`, the default, is now. The position is fixed when this returns: whatever is
        appended later will be seen, once, over lost connections too. `partition`: its number, from
        0; by default all. An exception of the callback is logged, and the next record follows.

        Raises `BadRequestError` on a callback that is none, a text that is no position, a partition
        that there is not, and what the connection raises until it has begun. What ends it later is
        in `Subscription.error`.
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
        """An endless iterator of the records from `start` on, over lost connections too.

        `start`: `"$"`, the default, is when `follow` is called (`follower.start()` to be
        certain that the server has been asked). `partition`: its number, from 0; by default all.

        A step raises `BadRequestError` on a partition that there is not, and what the connection
        raises until it has begun.
        """
        return StreamFollower(
            self._bridge,
            lambda: self._of.follow(stream, start=start, partition=partition, namespace=namespace),
        )

    def info(
        self, stream: str, *, namespace: str | None = None, timeout_ms: int | None = None
    ) -> StreamInfo:
        """The stream's size and settings.

        Raises `NotFoundError` where there is none.
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
        """A page of the namespace's streams, by name.

        `limit`: 1 to 1,000, 100 unless given. `cursor`: that of the page before; without one it
        begins at the first.

        Raises `BadRequestError` on a cursor of another listing.
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
        """Requeue or delete all dead letters of a group that match, by a job: a piece per tick.

        `operation`: `"requeue_dead"` or `"delete_dead"`. `error_contains`: only those whose last
        error has this text in it; by default all. `limit`: at most so many; by default all.
        `dry_run`: only count; off by default. What dies later is left alone. `client.jobs` tells
        how far it is.

        Raises `NotFoundError` where there is no such group, `BadRequestError` on an operation that
        there is not.
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
