"""The keys of an action within one command: adds and removes their runs, serves and blocks them.

The cost of a run does not depend on how many keys wait. Each step touches the rows of its own key,
and at most one front for each set of labels among the key's runs.
"""

from __future__ import annotations

from typing import Any, Final

from floruntime.core.action import Limits
from floruntime.engine.action.due_runs import due_marker, put_in_line, take_out_of_line
from floruntime.engine.action.fronts import forget_fronts, put_front, take_front
from floruntime.engine.action.key_rows import (
    FRONT,
    KEY,
    KEY_LINE,
    KEYED_RUN,
    Blocked,
    FrontRow,
    KeyLineRow,
    KeyRow,
    LaneRow,
    Place,
    copy_of_key,
    free,
    is_freed,
    stored_key,
    stored_line,
)
from floruntime.engine.action.limits import claimed, place_free
from floruntime.engine.action.line_choice import text_of
from floruntime.engine.action.plain_keys import (
    end_plainly,
    is_full,
    line_of,
    places_after,
    serve_plainly,
)
from floruntime.engine.action.rate_window import forget_claims, free_at, note_claim
from floruntime.engine.action.rows import OpenAction, find_action_by_id
from floruntime.engine.action.run_rows import ActionRunRow
from floruntime.engine.state.keyspace import next_key
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers

NO_KEY = ""
"""What runs without a key stand under in a fair line: they are one key, and no limit is theirs."""
KEYS_PER_TICK_MAX = 200
"""Keys that one tick looks at after limits have changed; the next tick goes on."""


_NOT_BLOCKED: Final = (Blocked.NO, 0)
_BLOCKED_BY_RUNNING: Final = (Blocked.RUNNING_PER_KEY, 0)


class OpenKey:
    """A key and its action: a row of its own to change, and `close`.

    `is_shown`: whether it has a front, where that is known.
    """

    __slots__ = ("_stored_key", "action", "key", "limits", "row", "tx")

    def __init__(self, action: OpenAction, key: str, *, is_shown: bool | None = None) -> None:
        self.tx = tx = action.tx
        self.action = action
        self.key = key
        self.limits: Limits = action.row.settings.limits
        self._stored_key = stored_key(action.row.id, key)
        row = tx.get(KEY, self._stored_key)
        if row is None:
            self.row = KeyRow(tx.next_id())
            return
        self.row = copy_of_key(row)
        if row.blocked and is_shown is not False and (is_shown or is_freed(tx, key, row)):
            free(self.row)

    # Runs

    def join(self, number: int, run: ActionRunRow) -> None:
        """Add a due run to the key."""
        text = text_of(run.labels).decode()
        place: Place = run.priority, run.due_ms, number
        line = self._line_to_stand_in(text, run.labels)
        lane = self.row.lanes.get(text)
        if lane is None:
            self.row.lanes[text] = LaneRow(line.id, 1, place)
        else:
            lane.add(place)
        self.tx.put(KEYED_RUN, KEYED_RUN.key(line.id, self.row.id, *place), True)
        line.waiting += 1
        self.row.waiting += 1

    def leave(self, number: int, run: ActionRunRow, *, served: bool) -> None:
        """Remove a due run from the key. `served`: the run was claimed."""
        text = text_of(run.labels).decode() if run.labels else ""
        row = self.row
        lane = row.lanes[text]
        place: Place = run.priority, run.due_ms, number
        gone = KEYED_RUN.key(lane.line_id, row.id, *place)
        self.tx.delete(KEYED_RUN, gone)
        row.waiting -= 1
        line = line_of(self.action, text)
        line.waiting -= 1
        if lane.waiting == 1:
            self._show(text, lane, is_shown=False)
            del row.lanes[text]
            if not line.waiting:
                self._forget_line(text, line)
            return
        if place == lane.first and not lane.next_places:
            lane.next_places = places_after(self.tx, row.id, lane, gone)
        lane.remove(place)
        if served:
            lane.turn = 0

    def serve(self) -> None:
        """One of its runs is claimed."""
        limits = self.limits
        if self.key == NO_KEY:
            return
        self.row.running += 1
        if limits.rate_per_key is not None:
            note_claim(self.tx, self.row.id, self.row, limits.rate_per_key)
            self.row.last_claim_ms = self.tx.now_ms

    def end(self) -> None:
        """One of its runs is no longer leased."""
        self.row.running -= 1

    # What blocks it

    def blocked(self) -> tuple[Blocked, int]:
        """The limit that blocks the key now, and until when; 0: until one of its runs ends."""
        limits, row = self.limits, self.row
        if self.key == NO_KEY:
            return _NOT_BLOCKED
        if is_full(limits, row):
            return _BLOCKED_BY_RUNNING
        if limits.rate_per_key is not None:
            rate, period_ms = limits.rate_per_key, limits.rate_period_ms
            until_ms = free_at(self.tx, row.id, row, rate, period_ms)
            if until_ms > self.tx.now_ms:
                return Blocked.RATE_PER_KEY, until_ms
        return _NOT_BLOCKED

    def is_blocked(self) -> bool:
        """Whether a limit blocks the key now."""
        if self.limits.rate_per_key is not None:
            return self.blocked() != _NOT_BLOCKED
        return is_full(self.limits, self.row) and self.key != NO_KEY

    def close(self) -> None:
        """Bring its fronts in line with its limits, and write the key, or delete an idle one."""
        row = self.row
        was_blocked = row.blocked
        row.blocked, until_ms = self.blocked()
        if not row.lanes:
            if row.running:
                self.tx.put(KEY, self._stored_key, row)
            else:
                self._close_idle()
            return
        for text, lane in row.lanes.items():
            self._show(text, lane, is_shown=not row.blocked)
        if was_blocked and not row.blocked:
            self.tx.touch(due_marker(self.action))
        if until_ms:
            self._look_at(until_ms)
        self.tx.put(KEY, self._stored_key, row)

    def _close_idle(self) -> None:
        row, limits = self.row, self.limits
        counts_until_ms = row.last_claim_ms + limits.rate_period_ms
        if limits.rate_per_key is not None and counts_until_ms > self.tx.now_ms:
            self._look_at(counts_until_ms)
            self.tx.put(KEY, self._stored_key, row)
        else:
            forget_claims(self.tx, row.id, row)
            self.tx.delete(KEY, self._stored_key)

    def _look_at(self, due_ms: int) -> None:
        row = self.row
        if not row.frees_at_ms or due_ms < row.frees_at_ms:
            row.frees_at_ms = due_ms
            tail = self.key.encode()
            timers.set_timer(
                self.tx, due_ms, timers.ACTION_KEY_FREE, self.action.row.id, row.id, tail
            )

    # Where it stands

    def _show(self, text: str, lane: LaneRow, *, is_shown: bool) -> None:
        """Let the lane have a front where it belongs, or none. In a fair line a key that is blocked
        keeps its turn, and one that was just served has its next one.
        """
        tx, front, before = self.tx, None, lane.front
        if self.limits.fair:
            lane.turn = turn = lane.turn or tx.next_id()
            if is_shown:
                front = lane.first[0], turn, self.row.id
        elif is_shown:
            lane.turn, front = 0, lane.first
            if front == before:
                return
        if before is not None and before != front:
            take_front(tx, lane.line_id, FRONT.key(lane.line_id, *before))
        if front is not None:
            key = FRONT.key(lane.line_id, *front)
            put_front(tx, lane.line_id, key, FrontRow(self.key, lane.first))
        if (front is None) != (before is None):
            change = -1 if front is None else 1
            line_of(self.action, text).fronts += change
            self.action.row.fronts += change
        lane.front = front

    def _line_to_stand_in(self, text: str, labels: dict[str, str]) -> KeyLineRow:
        key = stored_line(self.action.row.id, text)
        line = self.tx.own(KEY_LINE, key)
        if line is None:
            line = KeyLineRow(self.tx.next_id(), labels, 0, 0)
            self.tx.put(KEY_LINE, key, line)
            self.action.row.key_lines += 1
        return line

    def _forget_line(self, text: str, line: KeyLineRow) -> None:
        assert not line.fronts, "where nothing waits nothing may be served"
        self.tx.delete(KEY_LINE, stored_line(self.action.row.id, text))
        self.action.row.key_lines -= 1
        forget_fronts(self.tx, line.id)


# What the transitions of runs ask for


def stand(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """Let a due run be claimed, and tell those who wait."""
    if run.key is None and not action.row.settings.limits.fair:
        put_in_line(action, number, run)
    else:
        put_keyed(action, number, run)


def withdraw(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """The run no longer waits to be claimed."""
    if run.is_keyed:
        take_keyed(action, number, run)
    else:
        take_out_of_line(action, number, run)


def serve(
    action: OpenAction, number: int, run: ActionRunRow, opened: OpenKey | None = None
) -> None:
    """The run is claimed. `opened`: the key that it stands under, where that is at hand."""
    if run.is_keyed:
        serve_keyed(opened or _key_of(action, run), number, run)
    else:
        take_out_of_line(action, number, run)
    if action.row.settings.limits.rate is not None:
        claimed(action)


def give_up_place(action: OpenAction, run: ActionRunRow) -> None:
    """The run is no longer leased, nor counted as running."""
    if run.key is not None:
        end_keyed(action, run.key)
    if action.row.settings.limits.running is not None:
        place_free(action)


def _key_of(action: OpenAction, run: ActionRunRow) -> OpenKey:
    """The key that a run stands under, or is to stand under."""
    return OpenKey(action, NO_KEY if run.key is None else run.key)


def put_keyed(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """Let a run be claimed that stands under a key, and tell those who wait."""
    assert not run.is_ready, "a run stands in one line"
    key = _key_of(action, run)
    key.join(number, run)
    key.close()
    run.is_ready = run.is_keyed = True
    if not key.row.blocked:
        action.tx.touch(due_marker(action))


def take_keyed(action: OpenAction, number: int, run: ActionRunRow) -> None:
    """The run no longer waits to be claimed."""
    key = _key_of(action, run)
    key.leave(number, run, served=False)
    key.close()
    run.is_ready = run.is_keyed = False


def serve_keyed(key: OpenKey, number: int, run: ActionRunRow) -> None:
    """The run is claimed."""
    if not serve_plainly(key.action, key.key, key.row, number):
        key.leave(number, run, served=True)
        key.serve()
        key.close()
    run.is_ready = run.is_keyed = False


def end_keyed(action: OpenAction, key: str) -> None:
    """A run of this key is no longer leased: its place is free."""
    if end_plainly(action, key):
        return
    opened = OpenKey(action, key, is_shown=False)
    opened.end()
    opened.close()


# Time, and other limits


def key_may_be_free(tx: Tx, due_ms: int, action_id: int, key_id: int, tail: bytes) -> None:
    action = find_action_by_id(tx, action_id)
    if action is None:
        return
    with tx.within(action.namespace):
        key = OpenKey(action, tail.decode())
        if key.row.id != key_id:
            return
        key.row.frees_at_ms = 0
        key.close()
        action.save()


def limits_changed(action: OpenAction) -> None:
    """Other limits than before: the first keys are looked at now, the others by ticks."""
    _look_behind(action, None)
    action.tx.touch(due_marker(action))


def look_at_keys(tx: Tx, due_ms: int, action_id: int, item: int, after: Any) -> None:
    """Go on where a change of limits could not look at every key at once."""
    action = find_action_by_id(tx, action_id)
    if action is None:
        return
    with tx.within(action.namespace):
        _look_behind(action, after)
        action.save()
        tx.touch(due_marker(action))


def _look_behind(action: OpenAction, after: bytes | None) -> None:
    """Bring a bounded number of keys in line with the limits; a tick goes on behind them."""
    tx, action_id = action.tx, action.row.id
    start, end = KEY.range(action_id)
    if after is not None:
        start = next_key(KEY.key(action_id, tail=after))
    tails = []
    for key, _ in tx.scan(KEY, start, end):
        tails.append(KEY.tail_of(key))
        if len(tails) == KEYS_PER_TICK_MAX:
            timers.set_timer(tx, tx.now_ms, timers.ACTION_LIMITS, action_id, data=tails[-1])
            break
    for tail in tails:
        OpenKey(action, tail.decode()).close()
