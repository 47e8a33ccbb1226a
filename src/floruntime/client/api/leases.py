"""What a client remembers of its deliveries, so that settling by id alone is fenced too."""

from __future__ import annotations

from collections.abc import Hashable

REMEMBERED_MAX = 100_000


class LeaseMemory:
    """The lease of each item that this client was given; the oldest deliveries are forgotten.

    A lease is kept when its item is settled: one who acks twice is then still known as its holder.
    """

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._remembered_max = remembered_max
        self._leases: dict[Hashable, int] = {}

    def get(self, item: Hashable) -> int:
        """The lease under which `item` came last; 0 for what this client was not given."""
        return self._leases.get(item, 0)

    def remember(self, item: Hashable, lease: int) -> None:
        """`item` came under `lease`."""
        leases = self._leases
        leases.pop(item, None)  # so that it becomes the youngest
        leases[item] = lease
        if len(leases) > self._remembered_max:
            del leases[next(iter(leases))]

    def forget(self, item: Hashable) -> None:
        """Forget the lease of `item`, if it is known."""
        self._leases.pop(item, None)
