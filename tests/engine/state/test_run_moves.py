"""Runs per status are added up when they are asked for, of accepted commands alone."""

from __future__ import annotations

from floruntime.engine.state.run_moves import RunMoves

PENDING, RUNNING = 1, 2


def move(moves: RunMoves, left: int | None, came: int | None) -> None:
    moves.of_command.append((7, left, came))
    moves.accept()


def test_what_came_and_what_left_is_counted_over_all_looks() -> None:
    moves = RunMoves()
    move(moves, None, PENDING)
    move(moves, None, PENDING)
    move(moves, PENDING, RUNNING)
    assert dict(moves.counts()) == {(7, PENDING): 1, (7, RUNNING): 1}
    move(moves, RUNNING, None)
    assert dict(moves.counts()) == {(7, PENDING): 1, (7, RUNNING): 0}
    assert dict(moves.counts()) == {(7, PENDING): 1, (7, RUNNING): 0}


def test_moves_of_a_command_that_is_not_accepted_yet_do_not_count() -> None:
    moves = RunMoves()
    moves.of_command.append((7, None, PENDING))
    assert not moves.counts()
