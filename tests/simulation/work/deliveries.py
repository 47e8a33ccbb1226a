"""What handlers saw of the items that were delivered to them, and what their work left behind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from floruntime.client.client import FloClient
from tests.crash.history import NOT_RUN, UNKNOWN, Fate
from tests.simulation.work.protocol import surely, told
from tests.simulation.world import World

PAGE = 1_000


class Begun(NamedTuple):
    """One handler that began: which item, of which key, on which attempt, and with whom."""

    item: str
    key: str
    attempt: int
    worker: str


class Deliveries:
    """Of one source of items, which has a `name`; each item is known by its payload."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._asked: list[tuple[bytes, Any]] = []
        self._begun: list[tuple[Begun, bytes]] = []
        self._returned: set[Begun] = set()
        self._failed: set[Begun] = set()
        self._leases: set[tuple[str, int]] = set()
        #: Keys of which a lease ran out, and how many handlers had begun when that was seen first.
        self._lost_keys: dict[str, int] = {}
        #: Effects that are there, in the order of their commits.
        self.effects: list[tuple[Begun, bytes]] = []

    async def send(self, payload: bytes, call: Awaitable[Any]) -> None:
        """Send an item; what becomes of it is judged at the end."""
        place = len(self._asked)
        self._asked.append((payload, UNKNOWN))
        self._asked[place] = (payload, await told(call))

    @property
    def answers(self) -> list[Any]:
        """What senders were told, where they were told something."""
        return [answer for _, answer in self._asked if not isinstance(answer, Fate)]

    @contextmanager
    def handling(self, begun: Begun, lease: int, payload: bytes) -> Iterator[None]:
        """What one handler does. No other one ever has the same lease of the same item."""
        if (begun.item, lease) in self._leases:
            self._world.complain(f"{self._name} {begun}: somebody had its lease {lease} before")
        self._leases.add((begun.item, lease))
        self._begun.append((begun, payload))
        try:
            yield
        except Exception:
            self._failed.add(begun)
            raise
        self._returned.add(begun)

    def write(self, batch: Any, begun: Begun, payload: bytes) -> None:
        """The effect: a count and a record, in the commit that settles the item."""
        batch.kv.incr(f"{self._name}/{payload.decode()}")
        told = f"{begun.item}|{begun.key}|{begun.attempt}|{begun.worker}|"
        batch.stream.append(f"{self._name}-out", told.encode() + payload)

    async def collect(self, client: FloClient) -> None:
        """Read what effects are there."""
        out = f"{self._name}-out"
        await surely(self._world, client.stream.append, out, b"")  # so that there is one
        found = await surely(self._world, client.stream.read, out, start="0", limit=PAGE)
        counts = await surely(self._world, client.kv.scan, f"{self._name}/", limit=PAGE)
        assert max(len(found.records), len(counts.entries)) < PAGE, "all of it is on one page"
        for record in found.records:
            if record.payload:
                item, key, attempt, worker, payload = record.text().split("|")
                begun = Begun(item, key, int(attempt), worker)
                self.effects.append((begun, payload.encode()))
        self._counts = {
            entry.key.partition("/")[2].encode(): int(entry.value) for entry in counts.entries
        }

    def lease_ran_out(self, key: str) -> None:
        """Of an item of that key: it comes again after a while, and others of its key meanwhile."""
        self._lost_keys.setdefault(key, len(self._begun))

    def keys_in_hand(self) -> Iterator[list[Begun]]:
        """What one worker began of one key, until an item of that key failed anywhere, or lost its
        lease.
        """
        done = {begun for begun, _ in self.effects}
        hands: dict[tuple[str, str], list[Begun]] = defaultdict(list)
        failed: set[str] = set()
        for place, (begun, payload) in enumerate(self._begun):
            if place >= self._lost_keys.get(begun.key, len(self._begun)):
                failed.add(begun.key)
            if begun.key not in failed:
                hands[begun.worker, begun.key].append(begun)
            is_refused = begun in self._returned - done and not is_plain(payload)
            if begun in self._failed or is_refused:
                failed.add(begun.key)
        yield from hands.values()

    def judge(self, dead: Counter[bytes]) -> None:
        """Each item came to one end: one effect, or one dead letter, or else it was handled."""
        complain = self._world.complain
        effects = Counter(payload for _, payload in self.effects)
        if effects != self._counts:
            complain(f"{self._name}: {effects} is recorded, {self._counts} is counted")
        handled = {payload for begun, payload in self._begun if begun in self._returned}
        for payload, answer in self._asked:
            ends = effects[payload] + dead[payload]
            if answer is NOT_RUN and (ends or payload in handled):
                complain(f"{payload!r} was certainly not sent, and has come")
            if ends > 1:
                complain(f"{payload!r} has {effects[payload]} effects, and died {dead[payload]} x")
            is_done = ends or (is_plain(payload) and payload in handled)
            if not isinstance(answer, Fate) and not is_done:
                complain(f"{payload!r} was acknowledged as {answer}, and nobody did it")
        for payload in (effects + dead).keys() - {payload for payload, _ in self._asked}:
            complain(f"{payload!r} was never sent, and has come")


def is_plain(payload: bytes) -> bool:
    """Whether the item is acked alone, with no effect in the same commit."""
    return payload.endswith(b"plain")


def is_poison(payload: bytes) -> bool:
    """Whether no handler can do it."""
    return payload.endswith(b"poison")
