"""What an action worker does next: claim, poll, release what it cannot begin, or wait.

A worker reports its results and takes new runs in one message. The policy decides when to send that
message, how many runs to ask for, and whether the server may keep it open:

- **claim**: answered at once. Either more runs are likely (the last answer was full), or there is
  news to report (results, handlers that have begun). While a poll is open, it claims no runs.
- **poll**: no more runs were available (*dry*), so the server answers once there are some. News
  goes along. But only the answer confirms results, so a poll with results is short (`confirm_ms`).
  A poll begins only while a place is free: a run whose worker was lost needs a free place at once.
  A poll that reported no free place would keep that run waiting after a place became free.
- **release**: runs that were claimed ahead have waited for `patience_ms`, and no handler began in
  that time. Another worker may be free for them.
- **wait**: until a handler ends, an answer arrives, or a set time comes.

If handlers are quick, the worker claims more runs than it has free places: as many as will begin
within `ahead_ms`. At most one claim is under way at a time, and beside it one poll.

The policy is pure: it has no event loop, no connection and no clock. Its caller tells it what
happens, and when. Its table of cases is `js/vectors/claim-policy.json`, which the JavaScript worker
runs as well.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from floruntime.client.link.retry import RetryPolicy

MEAN_OF: Final = 8
"""The mean duration of a handler mostly reflects this many of the latest handlers."""
TOOK_MS_MIN: Final = 0.001


class Do(StrEnum):
    """The kinds of steps."""

    CLAIM = "claim"
    POLL = "poll"
    RELEASE = "release"
    WAIT = "wait"


class Step(msgspec.Struct, frozen=True):
    """What to do next.

    `count`: how many runs to ask for, of which `places` begin at once. `block_ms`: how long the
    server may wait for runs. `until_ms`: when to ask the policy again even if nothing has happened.
    """

    do: Do
    count: int = 0
    places: int = 0
    block_ms: int = 0
    until_ms: float | None = None


class Hand(msgspec.Struct, frozen=True):
    """What the worker holds when it asks the policy.

    `running`: handlers that take a place. `waiting`: claimed runs without a place. `results`: ended
    runs whose results are not being sent. `begun`: running handlers that were not reported to the
    server.
    """

    running: int = 0
    waiting: int = 0
    results: int = 0
    begun: int = 0


class Pace(msgspec.Struct, frozen=True):
    """How far ahead to claim, how long to be patient, how soon to confirm.

    `confirm_ms` 0: no poll carries results. `block_ms_min`: one poll for work lasts at least this
    long, whatever the worker's `block_ms` is.
    """

    ahead_ms: int = 20
    ahead_max: int = 500
    claim_max: int = 1_000
    patience_ms: int = 250
    confirm_ms: int = 1_000
    block_ms_min: int = 0
    retry: RetryPolicy = RetryPolicy()


class ClaimPolicy:
    """Decides the next step of a worker with `concurrency` places, whose polls last `block_ms`."""

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
        """A handler began, so the runs that wait are nearer to their places."""
        self._waits_since_ms = None

    def took(self, ms: float) -> None:
        """A handler ended after `ms` milliseconds."""
        mean_ms = self._took_ms
        self._took_ms = ms if mean_ms is None else mean_ms + (ms - mean_ms) / MEAN_OF

    def stop(self) -> None:
        """Take no new runs from now on; results are still sent."""
        self._is_stopping = True

    def answered(self, step: Step, got: int, now_ms: float, *, was_ended: bool = False) -> float:
        """A claim or poll was answered with `got` runs. `was_ended`: the worker itself ended it
        early.

        Returns how long to pause, in milliseconds. That is more than 0 if a poll was answered early
        and without runs: then the server has a reason not to give this worker runs.
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
        """The message could not be delivered, or was refused. `chance`: a number from [0, 1).

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
        """Return the next step. The policy takes a claim or a poll to be under way from then on."""
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
        """Decide without asking for runs: waiting runs are kept for a while, and released after
        that.
        """
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
