"""What an action worker does next: claim, poll, give back what it cannot begin, or wait.

A worker hands in its results and takes new runs in one message. The policy decides when that
message goes, how many runs it asks for, and whether the server may keep it open:

- **claim**: answered at once. There are runs to be had (the last answer was full), or there is news
  to tell (results, handlers that have begun). It claims nothing where a poll is open already.
- **poll**: there was nothing more to be had (*dry*), so the server answers when there is. News goes
  along; but only the answer says that results were taken, so such a poll is short (`confirm_ms`).
  It begins only where a place is free: a run whose worker was lost needs one at once, and a poll
  that said that there is none would keep it waiting after one became free.
- **release**: what was claimed ahead has waited for `patience_ms` in which no handler began.
  Somebody else may be free for it.
- **wait**: for a handler to end, an answer to come, or a time.

Where handlers are quick, more is claimed than there are free places: as much as begins within
`ahead_ms`. One claim is out at a time, and beside it one poll.

The policy is pure: it knows no loop, no connection and no clock. It is told what happens, and when.
Its table of cases is `js/vectors/claim-policy.json`, which the JavaScript worker runs as well.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from floruntime.client.link.retry import RetryPolicy

MEAN_OF: Final = 8
"""How many of the latest handlers count most in how long one takes."""
TOOK_MS_MIN: Final = 0.001


class Do(StrEnum):
    """What there is to do."""

    CLAIM = "claim"
    POLL = "poll"
    RELEASE = "release"
    WAIT = "wait"


class Step(msgspec.Struct, frozen=True):
    """What to do next.

    `count`: how many runs to ask for, `places` of them to begin at once. `block_ms`: how long the
    server may wait for some. `until_ms`: when to ask again though nothing has happened.
    """

    do: Do
    count: int = 0
    places: int = 0
    block_ms: int = 0
    until_ms: float | None = None


class Hand(msgspec.Struct, frozen=True):
    """What the worker has in hand as it asks.

    `running`: handlers that take a place. `waiting`: claimed, without a place. `results`: ended,
    and not on their way. `begun`: handlers that run, which the server was not told.
    """

    running: int = 0
    waiting: int = 0
    results: int = 0
    begun: int = 0


class Pace(msgspec.Struct, frozen=True):
    """How far ahead, how patiently, and how hastily. `confirm_ms` 0: no poll carries results.

    `block_ms_min`: the least time that one poll for work lasts, whatever the worker says.
    """

    ahead_ms: int = 20
    ahead_max: int = 500
    claim_max: int = 1_000
    patience_ms: int = 250
    confirm_ms: int = 1_000
    block_ms_min: int = 0
    retry: RetryPolicy = RetryPolicy()


class ClaimPolicy:
    """The next step of a worker with `concurrency` places whose polls last `block_ms`."""

    def __init__(self, concurrency: int, block_ms: int, pace: Pace) -> None:
        self._concurrency = concurrency
        self._block_ms = max(block_ms, pace.block_ms_min)
        self._pace = pace
        self._claim: Step | None = None
        self._poll: Step | None = None
        self._poll_began_ms = 0.0
        self._is_dry = True
        self._is_stopping = False
        self._failures = 0
        self._waits_since_ms: float | None = None
        self._took_ms: float | None = None

    # What happened

    def began(self) -> None:
        """A handler began: what waits behind it has got nearer to its place."""
        self._waits_since_ms = None

    def took(self, ms: float) -> None:
        """A handler ended after `ms`."""
        mean_ms = self._took_ms
        self._took_ms = ms if mean_ms is None else mean_ms + (ms - mean_ms) / MEAN_OF

    def stop(self) -> None:
        """Take nothing new from now on; what ends is still handed in."""
        self._is_stopping = True

    def answered(self, step: Step, got: int, now_ms: float, *, was_ended: bool = False) -> float:
        """The answer to a claim or poll, `got` runs. `was_ended`: by ourselves, before its time.

        Returns how long to pause, in milliseconds; more than 0 where a poll came back early and
        with nothing: something is wrong with this worker over there.
        """
        is_well = got > 0 or was_ended or not self._is_early(step, now_ms)
        self._out_no_more(step)
        if step.count:
            self._is_dry = got < step.count
        if not is_well:
            return self._back_off(0.0)
        self._failures = 0
        return 0.0

    def failed(self, step: Step, chance: float) -> float:
        """The message could not be delivered, or was refused. `chance`: from [0, 1).

        Returns how long to pause, in milliseconds: longer each time.
        """
        self._out_no_more(step)
        return self._back_off(chance)

    def _is_early(self, step: Step, now_ms: float) -> bool:
        return step.do is Do.POLL and now_ms - self._poll_began_ms < step.block_ms / 2

    def _out_no_more(self, step: Step) -> None:
        if step.do is Do.POLL:
            self._poll = None
        else:
            self._claim = None

    def _back_off(self, chance: float) -> float:
        self._failures += 1
        return self._pace.retry.delay_ms(self._failures - 1, chance)

    # What to do

    def next(self, hand: Hand, now_ms: float) -> Step:
        """The next step. A claim or a poll is taken to be on its way from now on."""
        if self._claim is not None:
            return Step(Do.WAIT)
        has_news = hand.results > 0 or hand.begun > 0
        count = self._count(hand)
        may_poll = self._pace.confirm_ms or not hand.results
        if count and self._is_dry and self._free(hand) and may_poll:
            return self._begin_poll(hand, count, now_ms)
        if has_news or (count and not self._is_dry):
            self._claim = self._step(Do.CLAIM, hand, 0 if self._is_dry else count, 0)
            return self._claim
        return self._patience(hand, now_ms)

    def _begin_poll(self, hand: Hand, count: int, now_ms: float) -> Step:
        block_ms = self._block_ms
        if hand.results:
            block_ms = min(block_ms, self._pace.confirm_ms)
        self._poll = self._step(Do.POLL, hand, count, block_ms)
        self._poll_began_ms = now_ms
        return self._poll

    def _step(self, do: Do, hand: Hand, count: int, block_ms: int) -> Step:
        return Step(do, count, min(count, self._free(hand)), block_ms)

    def _free(self, hand: Hand) -> int:
        return max(0, self._concurrency - hand.running - hand.waiting)

    def _count(self, hand: Hand) -> int:
        """How many more runs may be claimed."""
        if self._is_stopping or self._poll is not None:
            return 0
        room = self._concurrency + self._ahead() - hand.running - hand.waiting
        return max(0, min(self._pace.claim_max, room))

    def _ahead(self) -> int:
        if self._took_ms is None:
            return 0
        begun_ahead = self._concurrency * self._pace.ahead_ms / max(self._took_ms, TOOK_MS_MIN)
        return min(self._pace.ahead_max, int(begun_ahead))

    def _patience(self, hand: Hand, now_ms: float) -> Step:
        """Nothing to ask for. What waits for a place does so for a while, and goes back then."""
        if not hand.waiting:
            self._waits_since_ms = None
            return Step(Do.WAIT)
        if self._waits_since_ms is None:
            self._waits_since_ms = now_ms
        until_ms = self._waits_since_ms + self._pace.patience_ms
        if not self._is_stopping and now_ms < until_ms:
            return Step(Do.WAIT, until_ms=until_ms)
        self._waits_since_ms = None
        self._took_ms = float(max(self._pace.patience_ms, self._took_ms or 0))
        return Step(Do.RELEASE)
