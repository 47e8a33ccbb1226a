"""Breaks of what stands around the rules: commit, disk, connections, clients."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

COMMIT, LINK = "tests/server/commit", "tests/client/link"

MUTANTS = (
    Mutant(
        "a batch is not synced",
        "server/commit/local_journal.py",
        "            if self._durability is Durability.SYNC:\n",
        "            if False:\n",
        f"{COMMIT}/test_local_journal.py {COMMIT}/test_commit.py",
    ),
    Mutant(
        "answers leave before the sync",
        "server/commit/local_journal.py",
        "            self._syncs.request(index, self._synced)\n            return False",
        "            self._syncs.request(index, lambda error: None)\n            return True",
        f"{COMMIT}/test_local_journal.py {COMMIT}/test_commit.py",
    ),
    Mutant(
        "queries see what is not synced",
        "server/commit/local_journal.py",
        "        if self._durability is not Durability.SYNC:\n            return self._applied\n",
        "        if True:\n            return self._applied\n",
        f"{COMMIT}/test_local_journal.py {COMMIT}/test_commit.py",
    ),
    Mutant(
        "a sync that failed is taken for a good one",
        "server/commit/local_journal.py",
        "        if error is not None:\n            self._lose(error)\n"
        "        elif not self._is_lost:",
        "        if error is None or not self._is_lost:",
        f"{COMMIT}/test_local_journal.py {COMMIT}/test_commit.py",
    ),
    Mutant(
        "what asynchronous writes left is not synced at the end",
        "server/commit/local_journal.py",
        "            self._sync(self._written_index)",
        "            pass",
        f"{COMMIT}/test_local_journal.py",
    ),
    Mutant(
        "a delivery whose connection is gone is not handed back",
        "server/commit/commit.py",
        "        if has_undelivered:",
        "        if False:",
        f"{COMMIT}/test_commit.py {COMMIT}/test_command_waits.py",
    ),
    Mutant(
        "the deadlines that are due come behind a command",
        "server/commit/commit.py",
        "        if now_ms >= self._ticker.next_ms:",
        "        if now_ms > self._ticker.next_ms + 60_000:",
        f"{COMMIT}/test_ticker.py {COMMIT}/test_commit.py",
    ),
    Mutant(
        "a tick that somebody hears of waits for something else",
        "server/commit/commit.py",
        "        if self._is_told_of(outcome):",
        "        if False:",
        f"{COMMIT}/test_unheard_ticks.py",
    ),
    Mutant(
        "a tick that nobody hears of never becomes durable by itself",
        "server/commit/commit.py",
        "            self._flush_timer = self._loop.call_later(TICKS_WAIT_S, self._flush_now)",
        "            pass",
        f"{COMMIT}/test_unheard_ticks.py",
    ),
    Mutant(
        "who waits is not asked again",
        "server/commit/commit.py",
        "        if self._waited_on and (outcome.touched or outcome.ended):\n"
        "            self._waits.offer(outcome)\n        rule",
        "        rule",
        f"{COMMIT}/test_command_waits.py",
    ),
    Mutant(
        "a store that has fallen behind its witness is opened",
        "server/data/data_dir.py",
        "    if lost > 0:",
        "    if lost > 1_000_000:",
        "tests/server/data/test_data_dir.py",
    ),
    Mutant(
        "a store without its FORMAT is made anew",
        "server/data/data_dir.py",
        "    if holding is not None or _witnessed_index(path):",
        "    if False:",
        "tests/server/data/test_data_dir.py tests/server/data/test_sweep.py",
    ),
    Mutant(
        "the witness is written to one slot alone",
        "engine/store/witness.py",
        "self._turn % 2 * _SLOT_DISTANCE_BYTES)",
        "0)",
        "tests/engine/store/test_witness.py",
    ),
    Mutant(
        "growth goes on though the disk is nearly full",
        "engine/state/dispatch.py",
        "    if rule.grows and not tx.may_grow:",
        "    if False:",
        "tests/engine/test_rules.py tests/engine/test_machine.py",
    ),
    Mutant(
        "command time goes back with the wall clock",
        "server/clock.py",
        "        if now_ms > self._last_ms:\n",
        "        if True:\n",
        "tests/server/test_clock.py",
    ),
    Mutant(
        "a write that may have run is sent again under a new number",
        "client/link/exchange.py",
        "            call.number = number\n",
        "            call.number = number + 1\n",
        f"{LINK} tests/client/test_lost_answers.py",
    ),
    Mutant(
        "calls in flight are not sent on the next link",
        "client/link/exchange.py",
        "            if call.route is None:\n                self._transmit(call)\n"
        "        self._pump()",
        "            pass\n        self._pump()",
        f"{LINK} tests/client/test_lost_answers.py",
    ),
    Mutant(
        "a session that was forgotten is gone on with",
        "client/link/exchange.py",
        "        if self._is_session_open and (not is_known or",
        "        if self._is_session_open and (False or",
        f"{LINK} tests/client/test_lost_answers.py",
    ),
    Mutant(
        "what a caller who left was given is kept",
        "client/link/exchange.py",
        "        if call.is_abandoned or call.is_cancelled:",
        "        if False:",
        f"{LINK} tests/client/test_lost_answers.py",
    ),
    Mutant(
        "a number's place is taken though an older write there is unanswered",
        "client/link/numbers.py",
        "            if not place.unanswered or place.block == block:",
        "            if True:",
        f"{LINK}/test_numbers.py",
    ),
)
