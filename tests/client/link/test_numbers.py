"""Write numbers: none loses its place, and long polls leave places to the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from floruntime.client.link.numbers import WAIT_PLACES_MAX, WriteNumbers
from floruntime.core.limits import SESSION_BLOCK_WRITES, SESSION_BLOCKS, SESSION_WRITES_MAX


def test_answered_numbers_go_up_by_one() -> None:
    numbers = WriteNumbers()
    for expected in range(1, 3 * SESSION_WRITES_MAX):
        number = numbers.take()
        assert number == expected
        numbers.release(number)


def test_a_full_ring_gives_no_number_until_a_block_is_free() -> None:
    numbers = WriteNumbers()
    ring = SESSION_BLOCKS * SESSION_BLOCK_WRITES
    taken = [numbers.take() for _ in range(ring - 1)]
    assert taken == list(range(1, ring))
    assert numbers.take() is None
    for number in range(32, 47):
        numbers.release(number)
    assert numbers.take() is None
    numbers.release(47)
    assert numbers.take() == ring + 32


@given(st.lists(st.integers(0, 3_000), max_size=400), st.integers(1, 60))
def test_no_unanswered_number_ever_loses_its_place(releases: list[int], rate: int) -> None:
    numbers, unanswered, highest = WriteNumbers(), set[int](), 0
    for release in releases:
        for _ in range(rate):
            number = numbers.take()
            if number is None:
                break
            assert number > highest
            highest = number
            unanswered.add(number)
        blocks = {number // SESSION_BLOCK_WRITES for number in unanswered}
        assert len({block % SESSION_BLOCKS for block in blocks}) == len(blocks)
        done = sorted(unanswered)[release % len(unanswered)]
        unanswered.remove(done)
        numbers.release(done)


def test_long_polls_get_less_than_half_of_the_places_and_share_those_of_one_time() -> None:
    numbers = WriteNumbers()
    taken = []
    while (number := numbers.take_for_wait()) is not None:
        taken.append(number)
    assert len({number // SESSION_BLOCK_WRITES for number in taken}) == WAIT_PLACES_MAX
    for _ in range(100 * SESSION_WRITES_MAX):
        write = numbers.take()
        assert write is not None
        numbers.release(write)
    assert numbers.take_for_wait() is None
    first_block = [each for each in taken if each // SESSION_BLOCK_WRITES == 0]
    for each in first_block[:-1]:
        numbers.release(each)
    assert numbers.take_for_wait() is None
    numbers.release(first_block[-1])
    assert numbers.take_for_wait() is not None


def test_a_long_poll_and_the_writes_around_it_share_a_place() -> None:
    numbers = WriteNumbers()
    assert [numbers.take(), numbers.take_for_wait(), numbers.take()] == [1, 2, 3]
    for number in (1, 3, 2):
        numbers.release(number)
    taken = [numbers.take() for _ in range(SESSION_WRITES_MAX)]
    assert None not in taken
