"""What was seen of the board stays, until it is clear that the board itself was set back."""

from __future__ import annotations

from floruntime.server.cluster.board import board_view
from floruntime.server.cluster.board.board import Entry
from floruntime.server.cluster.board.board_view import BoardView


def at(**revisions: int) -> dict[str, Entry]:
    return {name: Entry(number, b"%d" % number) for name, number in revisions.items()}


def test_a_server_that_lags_behind_takes_nothing_back() -> None:
    view = BoardView(lambda: 0.0)
    assert not view.see(at(a=1, b=5))
    assert not view.see(at(a=3))
    assert view.entries == at(a=3, b=5)
    assert not view.see(at(a=1, b=2, c=4))
    assert view.entries == at(a=3, b=5, c=4)


def test_a_board_that_was_set_back_is_known_anew_after_a_while() -> None:
    now_s = 100.0
    view = BoardView(lambda: now_s)
    view.see(at(a=50, b=60))
    assert not view.see(at(a=5, b=6))
    now_s += board_view.SET_BACK_S + 1
    assert view.see(at(a=7, b=6))
    assert view.entries == at(a=7, b=6)
    assert not view.see(at(a=8, b=6))
    assert view.entries == at(a=8, b=6)


def test_a_board_that_was_set_back_and_is_further_by_now_is_known_anew() -> None:
    """Nodes tell of themselves each second; a lease that nobody holds stays as it is."""
    now_s = 100.0
    view = BoardView(lambda: now_s)
    view.see(at(lease=44, node=45))
    for revision in range(40, 60):
        now_s += 1.0
        is_anew = view.see(at(lease=38, node=revision))
        assert is_anew is (now_s == 101.0 + board_view.SET_BACK_S + 1)
    assert view.entries == at(lease=38, node=59)


def test_a_revision_that_holds_something_else_tells_at_once_that_the_board_was_set_back() -> None:
    view = BoardView(lambda: 0.0)
    view.see(at(a=50, b=60))
    other = {"a": Entry(50, b"another history"), "b": Entry(40, b"40")}
    assert view.see(other)
    assert view.entries == other
    assert not view.see(other)


def test_one_look_that_is_up_to_date_is_enough() -> None:
    now_s = 100.0
    view = BoardView(lambda: now_s)
    view.see(at(a=50))
    for _ in range(5):
        now_s += board_view.SET_BACK_S
        assert not view.see(at(a=5))
        assert not view.see(at(a=50))
