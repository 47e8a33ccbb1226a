"""The leases that a client remembers, so that settling an item by its id alone is fenced too."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from floruntime.core.queue import Message
from floruntime.core.stream import StreamID, StreamRecord

REMEMBERED_MAX = 100_000


class LeaseMemory:
    """The lease of each item that this client was given; the oldest deliveries are forgotten.

    The lease is kept after the item is settled, so that a second ack is still known to come from
    its holder.
    """

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._remembered_max = remembered_max
        self._leases: dict[Hashable, int] = {}

    def get(self, item: Hashable) -> int:
        """Return the latest lease of `item`; 0 if this client was not given it."""
        try:
            return self._leases.get(item, 0)
        except TypeError:  # the name is unhashable, such as a list: the request will refuse it
            return 0

    def remember(self, item: Hashable, lease: int) -> None:
        """Note that `item` was delivered with `lease`."""
        leases = self._leases
        leases.pop(item, None)  # so that it becomes the youngest
        leases[item] = lease
        if len(leases) > self._remembered_max:
            del leases[next(iter(leases))]

    def forget(self, item: Hashable) -> None:
        """Forget the lease of `item`, if it is known."""
        self._leases.pop(item, None)


class Leases:
    """The leases of one client: of messages by queue, of records by stream and group."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._messages = LeaseMemory(remembered_max)
        self._records = LeaseMemory(remembered_max)

    def remember_messages(self, namespace: str, queue: str, messages: Iterable[Message]) -> None:
        """Note that these messages were delivered."""
        for message in messages:
            self._messages.remember((namespace, queue, message.seq), message.lease)

    def of_message(self, namespace: str, queue: str, item: int | Message) -> int:
        """Return the lease to send along; 0 for a message that this client did not dequeue."""
        if isinstance(item, Message):
            return item.lease
        return self._messages.get((namespace, queue, item))

    def remember_records(
        self, namespace: str, stream: str, group: str, records: Iterable[StreamRecord]
    ) -> None:
        """Note that these records were delivered to a member of the group."""
        for record in records:
            if record.lease:
                self._records.remember((namespace, stream, group, record.id), record.lease)

    def of_record(self, namespace: str, stream: str, group: str, id: StreamID) -> int:
        """Return the lease to send along; 0 for a record that this client was not given."""
        return self._records.get((namespace, stream, group, id))
