"""How much floods may put into one batch, and what is learned of what that takes."""

from __future__ import annotations

from floruntime.server.commit.fill import HEAVY_S, Fill
from floruntime.server.connections.turns import Turn


def put_in(fill: Fill, each_s: float) -> int:
    """Put commands in until the batch is full; how many went in."""
    commands = 0
    while not fill.is_full and commands < 1_000:
        fill.add(1, each_s)
        commands += 1
    fill.begin(commands)
    return commands


def test_a_batch_is_full_before_it_takes_longer_than_its_time() -> None:
    fill = Fill(1.0)
    assert put_in(fill, 0.01) == 49, "writing is thought to take as long as what is written"


def test_one_that_is_too_much_by_itself_goes_in_alone() -> None:
    assert put_in(Fill(1.0), 5.0) == 1


def test_what_changes_nothing_fills_nothing() -> None:
    fill = Fill(1.0)
    Turn().put(0, 5.0, fill)
    assert not fill.is_full


def test_where_writing_takes_long_less_goes_in_and_more_again_where_it_does_not() -> None:
    fill = Fill(1.0)
    put_in(fill, 0.01)
    fill.took(0.49 * 4)
    assert put_in(fill, 0.01) == 20
    counts = []
    for _ in range(10):
        fill.took(0.0)
        counts.append(put_in(fill, 0.01))
    assert counts == sorted(counts), "by and by"
    assert counts[-1] > 80


def test_a_batch_with_next_to_nothing_in_it_tells_nothing() -> None:
    fill = Fill(1.0)
    fill.add(1, 0.0001)
    fill.begin(1)
    fill.took(5.0)
    assert put_in(fill, 0.01) == 49


def test_whoever_waits_is_told_of_a_new_batch_only_where_the_last_was_full() -> None:
    fill = Fill(1.0)
    told: list[bool] = []
    fill.on_room = lambda: told.append(fill.is_full)
    fill.add(1, 0.01)
    fill.begin(1)
    assert told == []
    put_in(fill, 0.01)
    assert told == [False]


def test_a_batch_of_floods_alone_is_awaited_by_nobody_else() -> None:
    fill = Fill(1.0)
    fill.add(3, 0.01)
    fill.begin(3)
    assert not fill.is_awaited
    fill.add(3, 0.01)
    fill.begin(4)
    assert fill.is_awaited


class Batches:
    """What the commit tells of its batches: a heavy flood's, with others in them or not."""

    def __init__(self) -> None:
        self.fill = Fill(1.0)
        self.answers = 0
        self.is_under_way = False
        self.fill.look = lambda: (self.answers, self.is_under_way)

    def has_room(self) -> bool:
        return self.fill.has_room_for(HEAVY_S * 2)

    def put(self) -> None:
        self.fill.add(1, HEAVY_S * 2)
        self.answers += 1

    def flush(self) -> None:
        self.fill.begin(self.answers)
        self.answers, self.is_under_way = 0, True


def test_a_heavy_command_waits_where_others_wait_for_a_batch_with_floods() -> None:
    batches = Batches()
    assert batches.has_room()
    batches.put()
    batches.answers += 1  # somebody else's
    batches.flush()
    assert not batches.has_room()
    assert batches.fill.is_full, "so that it is told of the next"


def test_a_heavy_command_waits_where_others_wait_behind_a_batch_with_floods() -> None:
    batches = Batches()
    batches.put()
    batches.flush()
    assert batches.has_room(), "nobody else waits"
    batches.answers += 1
    assert not batches.has_room()
    assert batches.fill.has_room_for(HEAVY_S / 2) is False, "nor does what comes behind it"


def test_a_heavy_command_waits_for_one_batch_of_others_and_no_longer() -> None:
    batches = Batches()
    batches.put()
    batches.answers += 1
    batches.flush()
    batches.answers += 1
    assert not batches.has_room()
    batches.flush()
    batches.answers += 1
    assert batches.has_room(), "the one under way is of others alone"


def test_light_commands_of_floods_go_in_beside_others() -> None:
    batches = Batches()
    batches.put()
    batches.answers += 1
    batches.flush()
    batches.answers += 1
    assert batches.fill.has_room_for(HEAVY_S)
