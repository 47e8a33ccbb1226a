"""Random walks: whatever happens to a trigger, each record of its stream is in exactly one run."""

from __future__ import annotations

import contextlib
import random
from itertools import chain

import pytest

from floruntime.core.errors import NotFoundError
from floruntime.core.stream import GroupDelete, StreamAppend, StreamDelete
from floruntime.core.system import Batch
from tests.engine.workflow.catalog.trigger_calls import Triggers, triggered


class Walk:
    """`sent`: what was appended to the stream since the trigger was there."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.mode = self.chance.choice(["shared", "exclusive", "key_shared"])
        self.flows = Triggers(stream=self.chance.random() < 0.5)
        self.sent: list[int] = []
        self.version = 0
        self.is_enabled = True
        self.sync()

    def step(self) -> None:
        often = [self.append, self.append_twice, self.wait, self.sync, self.toggle]
        seldom = [self.delete_group, self.delete_stream, self.flows.engine.reopen]
        self.chance.choice([*often, self.append, self.wait, *seldom])()

    def payload(self) -> bytes:
        self.sent.append(len(self.sent))
        return b"%d" % self.sent[-1]

    def command(self) -> StreamAppend:
        payloads = [self.payload() for _ in range(self.chance.randrange(1, 5))]
        return StreamAppend("events", payloads, partition_key=self.chance.choice([None, "a", "b"]))

    def append(self) -> None:
        """The tick that follows may come after what comes next."""
        self.flows.tell(self.command())

    def append_twice(self) -> None:
        self.flows.tell(Batch([self.command(), self.command()]))

    def wait(self) -> None:
        self.flows.advance(self.chance.choice([0, 1, 10, 1000, 40_000]))

    def sync(self) -> None:
        self.version += 1
        start = self.chance.choice(["latest", "earliest"])
        spec = (
            f"stream: events, mode: {self.mode}, start: {start}, "
            f"batch_size: {self.chance.choice([1, 2, 5])}, "
            f"batch_timeout_ms: {self.chance.choice([10, 1000])}"
        )
        self.flows.sync(triggered(spec, version=str(self.version)))

    def toggle(self) -> None:
        self.is_enabled = not self.is_enabled
        self.flows.enable(self.is_enabled)

    def delete_group(self) -> None:
        with contextlib.suppress(NotFoundError):
            self.flows.tell(GroupDelete("events", "wf-flow"))

    def delete_stream(self) -> None:
        """Once all of it was taken: what is deleted before is lost."""
        if self.is_enabled:
            self.take_all()
            self.flows.tell(StreamDelete("events", force=True))

    def end(self) -> None:
        if not self.is_enabled:
            self.toggle()
        self.take_all()

    def take_all(self) -> None:
        for _ in range(2):  # what a full batch leaves over has its time from then on
            self.flows.advance(60_000)


@pytest.mark.parametrize("seed", range(60))
def test_each_record_is_in_exactly_one_run(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(30):
        walk.step()
    walk.end()
    taken = [each if isinstance(each, list) else [each] for each in walk.flows.inputs()]
    assert sorted(chain.from_iterable(taken)) == walk.sent
