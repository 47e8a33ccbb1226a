"""A small interpreter of workflows, written from the contract and knowing nothing of the engine.

It keeps everything in plain objects, has no store, no indexes and no rows, and does by a direct
call what the engine does by commands. Definitions are the dicts that JSON makes of them. It leaves
out what has tests of its own: mappings but for outcomes, random choice, health, caches, jitter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Event = tuple[str, str | None, str, int]
"""Type, step, the beginning of the detail, time."""

TERMINALS = {
    "flo.Completed": "completed",
    "flo.Failed": "failed",
    "flo.Cancelled": "cancelled",
    "flo.TimedOut": "timed_out",
}
RETRIED = ("failure", "timeout", "execution_failure")
STEPS_MAX = 256
TARGET_MS = 60_000
DEPTH_MAX = 32


@dataclass
class Outcome:
    """`names`: what it is called, then what that falls back to."""

    names: tuple[str, ...]
    error: str = ""
    is_final: bool = False
    leads_to: str | None = None

    def chosen(self, transitions: Json) -> str:
        return next((name for name in self.names if name in transitions), self.names[-1])


@dataclass
class Call:
    """An action run that somebody is to work on."""

    action: str
    run: Run
    index: int
    key: str | None = None
    is_claimed: bool = False


@dataclass
class PlanState:
    name: str
    order: list[int]
    position: int = 0
    attempt: int = 0
    began_ms: int = 0
    is_probe: bool = False
    #: When the breaker had opened that let it through as a probe.
    probe_of_ms: int | None = None
    error: str = ""


@dataclass
class Breaker:
    failures: int = 0
    opened_ms: int | None = None
    probes: int = 0


@dataclass
class Run:
    id: str
    definition: Json
    parent: Run | None
    depth: int
    number: int
    status: str = "running"
    terminal: str | None = None
    step: str = ""
    attempt: int = 0
    polls: int = 0
    began_ms: int = 0
    step_due_ms: int | None = None
    #: action, child, signal, sleep, retry, poll, executor, executor_retry, tracking or target
    wait: str | None = None
    wait_due_ms: int | None = None
    call: Call | None = None
    child: Run | None = None
    signal: str | None = None
    plan: PlanState | None = None
    kept: list[str] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    hops: int = 0

    @property
    def is_finished(self) -> bool:
        return self.terminal is not None

    @property
    def spec(self) -> Json:
        """What the definition says of the step it is at."""
        if self.step == "start":
            return dict(self.definition["start"])
        return dict(self.definition["steps"][self.step])

    @property
    def due_ms(self) -> int | None:
        dues = [due for due in (self.wait_due_ms, self.step_due_ms) if due is not None]
        return min(dues, default=None)


def _waits_for_target_ms(spec: Json) -> int:
    """How long a step waits for an action that nobody has registered."""
    transitions = spec.get("transitions", {})
    is_foreseen = "target_not_found" in transitions or "execution_failure" in transitions
    return int(spec.get("waitForTargetMs", 0 if is_foreseen else TARGET_MS))


def _types(wanted: Json) -> list[str]:
    several: list[str] = [*wanted.get("anyOf", []), *wanted.get("allOf", [])]
    return [wanted["type"]] if "type" in wanted else several


class Refused(Exception):
    """What is asked for cannot be done."""


class World:
    """All workflows, runs and calls, and the time."""

    def __init__(self, definitions: list[Json], now_ms: int) -> None:
        self.definitions = {one["name"]: one for one in definitions}
        self.now_ms = now_ms
        self.runs: dict[str, Run] = {}
        self.calls: list[Call] = []
        self.calls_total = 0
        self.disabled: set[str] = set()
        self.breakers: dict[tuple[str, str, str], Breaker] = {}
        self.turns: dict[tuple[str, str], int] = {}
        #: By action: what its runs are held to.
        self.limits: dict[str, Json] = {}
        self.claims: list[tuple[Call, int]] = []
        #: In fair lines: the turn of each key of an action of which a call waits.
        self.turns_of_keys: dict[tuple[str, str | None], int] = {}
        self.turns_total = 0

    # What is asked

    def start(self, name: str, run_id: str) -> Run:
        if run_id in self.runs:
            raise Refused
        return self._begin(name, run_id, None, 1, 0)

    def finish(self, call: Call, outcome: Outcome) -> None:
        """The worker on a call has said what became of it."""
        self.calls.remove(call)
        run = call.run
        is_executor = run.wait == "executor"
        self._stop_waiting(run)
        self._note(run, "action_completed", outcome.names[0])
        self._go_on(run, self._judge(run, outcome) if is_executor else outcome)

    def claim(self) -> None:
        """A worker takes whatever it may have, in the order in which it came, or by fair turns."""
        while (call := next(self._claimable(), None)) is not None:
            call.is_claimed = True
            self.claims.append((call, self.now_ms))
            self.turns_of_keys.pop((call.action, call.key), None)
            if any(self._wait_beside(call)):
                self._join_line(call)

    def _claimable(self) -> Iterator[Call]:
        """What may be claimed, the next one first. A key without a turn waits for nothing."""
        waiting = [one for one in self.calls if not one.is_claimed and self._may_be_claimed(one)]
        return iter(sorted(waiting, key=self._place_of))

    def _place_of(self, call: Call) -> tuple[int, int]:
        turn = self.turns_of_keys[call.action, call.key] if self._is_fair(call.action) else 0
        return turn, call.index

    def _is_fair(self, action: str) -> bool:
        return bool(self.limits.get(action, {}).get("fair"))

    def _wait_beside(self, call: Call) -> Iterator[Call]:
        """The others of its key that nobody has claimed."""
        key = call.action, call.key
        for one in self.calls:
            if one is not call and not one.is_claimed and (one.action, one.key) == key:
                yield one

    def _join_line(self, call: Call) -> None:
        """Let its key stand at the end of the line."""
        self.turns_total += 1
        self.turns_of_keys[call.action, call.key] = self.turns_total

    def _may_be_claimed(self, call: Call) -> bool:
        held_to = self.limits.get(call.action, {})
        since_ms = self.now_ms - held_to.get("rate_period_ms", 0)
        at_work = [one for one in self.calls if one.is_claimed and one.action == call.action]
        claimed = [
            one for one, at_ms in self.claims if one.action == call.action and at_ms > since_ms
        ]
        counts = {"running": len(at_work), "rate": len(claimed)}
        if call.key is not None:
            counts["running_per_key"] = sum(one.key == call.key for one in at_work)
            counts["rate_per_key"] = sum(one.key == call.key for one in claimed)
        return all(counts[name] < held_to[name] for name in counts if name in held_to)

    def send(self, run: Run, type: str) -> None:
        if run.is_finished:
            raise Refused
        self._note(run, "signal_received", type)
        is_late = run.due_ms is not None and run.due_ms <= self.now_ms
        is_tracking = run.wait == "tracking"
        if is_late or (run.signal != type if is_tracking else not self._is_wanted(run, type)):
            run.kept.append(type)
            return
        if run.wait == "signal":
            self._came(run, type)
            return
        self._stop_waiting(run)
        self._note(run, "signal_matched", type)
        self._go_on(run, self._judge(run, Outcome(("success",))))

    def _is_wanted(self, run: Run, type: str) -> bool:
        return run.wait == "signal" and type in _types(run.spec["waitForSignal"])

    def _came(self, run: Run, type: str) -> None:
        wanted = run.spec["waitForSignal"]
        run.kept.append(type)
        missing = [one for one in wanted.get("allOf", []) if one not in run.kept]
        if missing:
            run.signal = " and ".join(missing)
            return
        self._stop_waiting(run)
        self._go_on(run, self._matched(run, wanted, type))

    def _matched(self, run: Run, wanted: Json, came: str | None) -> Outcome:
        if "allOf" in wanted:
            for type in wanted["allOf"]:
                run.kept.remove(type)
                self._note(run, "signal_matched", type)
            return Outcome(("success",))
        first = came or next(type for type in run.kept if type in _types(wanted))
        run.kept.remove(first)
        self._note(run, "signal_matched", first)
        return Outcome((first, "success") if "anyOf" in wanted else ("success",))

    def cancel(self, run: Run) -> None:
        if run.is_finished:
            raise Refused
        self._abandon(run, is_late=False)
        self._end(run, "cancelled", "flo.Cancelled")

    def retry(self, run: Run) -> None:
        if run.status != "failed":
            raise Refused
        run.status, run.terminal, run.hops = "running", None, 0
        self._note(run, "step_retry", "by request")
        self._go_on(run, self._enter(run, run.step))

    def advance(self, ms: int) -> None:
        """Time passes, and then all that is due comes, the earliest first, as after downtime."""
        self.now_ms += ms
        while True:
            due = [one for one in self._waiting() if one[0] <= self.now_ms]
            if not due:
                return
            for due_ms, _, _, run in sorted(due, key=lambda one: one[:3]):
                if run.due_ms == due_ms:
                    self._time_up(run)

    def _waiting(self) -> list[tuple[int, bool, int, Run]]:
        """What waits for a time: that, whether it is a part of a run, its number, and itself."""
        runs = self.runs.values()
        return [(run.due_ms, False, run.number, run) for run in runs if run.due_ms is not None]

    # Starting and ending

    def _begin(self, name: str, run_id: str, parent: Run | None, depth: int, hops: int) -> Run:
        run = Run(run_id, self.definitions[name], parent, depth, len(self.runs), hops=hops)
        self.runs[run_id] = run
        self._note(run, "workflow_started", "")
        self._go_on(run, self._enter(run, "start"))
        return run

    def _go_on(self, run: Run, outcome: Outcome | None) -> None:
        while outcome is not None:
            outcome = self._settle(run, outcome)

    def _end(self, run: Run, status: str, terminal: str) -> None:
        run.status, run.terminal = status, terminal
        run.step_due_ms, run.plan = None, None
        self._stop_waiting(run)
        self._note(run, f"workflow_{status}", terminal)
        parent = run.parent
        if parent is not None and parent.child is run:
            self._stop_waiting(parent)
            self._go_on(parent, self._child_outcome(parent, run))

    def _child_outcome(self, parent: Run, child: Run) -> Outcome:
        parent.hops = child.hops
        assert child.terminal is not None
        self._note(parent, "child_completed", child.terminal)
        falls_back_to = "success" if child.status == "completed" else "failure"
        return Outcome((child.terminal, falls_back_to))

    def _note(self, run: Run, type: str, detail: str) -> None:
        run.events.append((type, run.step or None, detail, self.now_ms))

    # Steps

    def _enter(self, run: Run, name: str) -> Outcome | None:
        run.step, run.began_ms, run.attempt, run.polls = name, self.now_ms, 1, 0
        run.hops += 1
        if run.hops > STEPS_MAX:
            self._end(run, "failed", "flo.Failed")
            return None
        timeout_ms = run.spec.get("timeoutMs")
        run.step_due_ms = None if timeout_ms is None else self.now_ms + timeout_ms
        self._note(run, "step_started", "")
        return self._attempt(run)

    def _attempt(self, run: Run) -> Outcome | None:
        spec = run.spec
        if "waitForSignal" in spec:
            return self._wait_for_signal(run, spec["waitForSignal"])
        if "sleep" in spec:
            return self._sleep(run, spec["sleep"])
        if "choose" in spec:
            return self._choose(run, spec["choose"])
        if not self._can_map(run, spec.get("inputMapping")):
            return Outcome(("execution_failure", "failure"), is_final=True)
        kind, _, name = spec["run"].partition("/")
        if kind == "@actions":
            return self._call(run, name, "action")
        if kind == "@workflow":
            return self._run_child(run, name)
        return self._begin_plan(run, name)

    def _can_map(self, run: Run, mapping: Any) -> bool:
        if not isinstance(mapping, str):
            return True
        return mapping.split(".")[2] in run.outcomes  # $.steps.NAME.outcome

    def _wait_for_signal(self, run: Run, wanted: Json) -> Outcome | None:
        types = _types(wanted)
        missing = [type for type in types if type not in run.kept]
        if not missing or (len(missing) < len(types) and "allOf" not in wanted):
            return self._matched(run, wanted, None)
        told = (" and " if "allOf" in wanted else " or ").join(missing)
        self._note(run, "waiting_for_signal", told)
        self._wait(run, "signal", wanted.get("timeoutMs"))
        run.signal = told
        return None

    def _sleep(self, run: Run, sleep: Json) -> Outcome | None:
        for_ms = sleep["forMs"] if "forMs" in sleep else max(0, sleep["until"] - self.now_ms)
        self._note(run, "sleep_started", f"until {self.now_ms + for_ms}" if for_ms else "past")
        if for_ms == 0:
            self._note(run, "sleep_ended", "")
            return Outcome(("success",))
        self._wait(run, "sleep", for_ms)
        return None

    def _choose(self, run: Run, choice: Json) -> Outcome:
        """The conditions of random definitions ask for the outcome of a step."""
        for case in choice["cases"]:
            step, _, outcome = case["when"].removeprefix("$.steps.").split(" ")
            is_so = run.outcomes.get(step.removesuffix(".outcome")) == outcome.strip("'")
            if is_so == (" == " in case["when"]):
                self._note(run, "choice_made", case["to"])
                return Outcome(("success",), leads_to=case["to"])
        self._note(run, "choice_made", choice["else"])
        return Outcome(("success",), leads_to=choice["else"])

    def _call(self, run: Run, action: str, wait: str) -> Outcome | None:
        if action.startswith("lost"):
            left_ms = run.began_ms + _waits_for_target_ms(run.spec) - self.now_ms
            if wait == "action" and left_ms > 0:
                self._wait(run, "target", left_ms)
                return None
            self._note(run, "action_not_found", action)
            return Outcome(("target_not_found", "execution_failure", "failure"))
        if action in self.disabled:
            self._note(run, "action_disabled", action)
            return Outcome(("target_disabled", "execution_failure", "failure"))
        self._note(run, "awaiting_action", action)
        self._wait(run, wait, None)
        run.call = Call(action, run, self.calls_total, self._key_of(run))
        if not any(self._wait_beside(run.call)):
            self._join_line(run.call)
        self.calls.append(run.call)
        self.calls_total += 1
        return None

    def _key_of(self, run: Run) -> str | None:
        """What limits per key count the call under."""
        key: str | None = run.spec.get("key")
        return key

    def _run_child(self, run: Run, name: str) -> Outcome | None:
        if name not in self.definitions:
            self._note(run, "child_not_found", name)
            return Outcome(("target_not_found", "execution_failure", "failure"))
        if run.depth >= DEPTH_MAX:
            return Outcome(("execution_failure", "failure"), is_final=True)
        self._note(run, "awaiting_child", name)
        child = self._begin(
            name, f"child of {run.id} {len(run.events)}", run, run.depth + 1, run.hops
        )
        if child.is_finished:
            return self._child_outcome(run, child)
        self._wait(run, "child", None)
        run.child = child
        return None

    def _settle(self, run: Run, outcome: Outcome) -> Outcome | None:
        spec = run.spec
        name = outcome.chosen(spec.get("transitions", {}))
        if name == "pending" and "poll" in spec and not outcome.is_final:
            return self._poll(run, spec)
        if "retry" in spec and name in RETRIED and not outcome.is_final:
            delay_ms = self._retry_in(spec["retry"], run.attempt, run.began_ms)
            if delay_ms is not None:
                run.attempt += 1
                self._note(run, "step_retry", "attempt")
                self._wait(run, "retry", delay_ms)
                return None
        return self._leave(run, outcome)

    def _poll(self, run: Run, spec: Json) -> Outcome | None:
        poll = spec["poll"]
        if run.polls >= poll.get("maxAttempts", 10):
            self._note(run, "poll_exhausted", "still pending")
            name = "timeout" if "timeout" in spec["transitions"] else "failure"
            return self._leave(run, Outcome((name,)))
        delay_ms = poll.get("initialDelayMs", 0)
        if run.polls:
            base_ms, longest_ms = poll.get("baseDelayMs", 1000), poll.get("maxDelayMs", 60_000)
            delay_ms = self._backoff(poll, base_ms, longest_ms, run.polls)
        run.polls += 1
        self._note(run, "poll_scheduled", "poll")
        self._wait(run, "poll", delay_ms)
        return None

    def _leave(self, run: Run, outcome: Outcome) -> Outcome | None:
        transitions = run.spec.get("transitions", {})
        self._close(run, outcome.names[0])
        target = outcome.leads_to or transitions.get(outcome.chosen(transitions))
        if target is None:
            self._end(run, "failed", "flo.Failed")
            return None
        return self._go_to(run, target)

    def _close(self, run: Run, name: str) -> None:
        run.step_due_ms, run.plan = None, None
        self._note(run, "step_completed", name)
        run.outcomes[run.step] = name

    def _go_to(self, run: Run, target: str) -> Outcome | None:
        own = run.definition.get("terminals", {}).get(target)
        status = TERMINALS.get(target) if own is None else own["status"]
        if status is None:
            return self._enter(run, target)
        self._end(run, status, target)
        return None

    # Waiting, and time

    def _wait(self, run: Run, wait: str, for_ms: int | None) -> None:
        run.wait = wait
        run.wait_due_ms = None if for_ms is None else self.now_ms + for_ms
        if for_ms != 0:  # a delay of nothing is no waiting
            run.hops = 0

    def _stop_waiting(self, run: Run) -> None:
        run.wait = run.wait_due_ms = run.call = run.child = run.signal = None

    def _abandon(self, run: Run, *, is_late: bool) -> None:
        call, child, is_call = run.call, run.child, run.wait in ("executor", "tracking")
        self._stop_waiting(run)
        if call is not None:
            self.calls.remove(call)
        if child is not None and not child.is_finished:
            self._abandon(child, is_late=False)
            self._end(child, "cancelled", "flo.Cancelled")
        if is_call and run.plan is not None:
            if is_late:
                self._record(run, is_fine=False)
            elif run.plan.is_probe:
                self._breaker(run).probes -= 1

    def _time_up(self, run: Run) -> None:
        step_is_over = run.step_due_ms is not None and run.step_due_ms <= self.now_ms
        if step_is_over and run.wait == "signal" and run.wait_due_ms is not None:
            assert run.step_due_ms is not None
            step_is_over = run.step_due_ms <= run.wait_due_ms
        if step_is_over:
            self._abandon(run, is_late=True)
            self._go_on(run, self._leave(run, Outcome(("timeout",))))
        elif run.wait == "signal":
            self._go_on(run, self._signal_late(run))
        elif run.wait == "sleep":
            self._stop_waiting(run)
            self._note(run, "sleep_ended", "")
            self._go_on(run, Outcome(("success",)))
        elif run.wait == "tracking":
            self._stop_waiting(run)
            self._note(run, "signal_timeout", f"plan:{self._executor(run)['name']}")
            self._go_on(run, self._judge(run, Outcome(("timeout",), "timeout")))
        else:
            is_executor = run.wait == "executor_retry"
            self._stop_waiting(run)
            self._go_on(run, self._try(run) if is_executor else self._attempt(run))

    def _signal_late(self, run: Run) -> Outcome | None:
        spec = run.spec
        self._stop_waiting(run)
        target = spec["waitForSignal"].get("onTimeout") or spec["transitions"].get("timeout")
        self._note(run, "signal_timeout", target or "flo.TimedOut")
        self._close(run, "timeout")
        if target is not None:
            return self._go_to(run, target)
        self._end(run, "timed_out", "flo.TimedOut")
        return None

    def _retry_in(self, retry: Json, attempt: int, began_ms: int) -> int | None:
        if attempt >= retry.get("max_attempts", 1):
            return None
        base_ms, longest_ms = retry.get("initial_delay_ms", 1000), retry.get("max_delay_ms", 30_000)
        delay_ms = self._backoff(retry, base_ms, longest_ms, attempt)
        within_ms = retry.get("within_ms")
        is_late = within_ms is not None and self.now_ms + delay_ms > began_ms + within_ms
        return None if is_late else delay_ms

    @staticmethod
    def _backoff(spec: Json, base_ms: int, longest_ms: int, attempt: int) -> int:
        grown = {"constant": 1, "linear": attempt, "exponential": 2 ** (attempt - 1)}
        return int(min(base_ms * grown[spec.get("backoff", "exponential")], longest_ms))

    # Plans

    def _plan(self, run: Run) -> Json:
        assert run.plan is not None
        return dict(run.definition["plans"][run.plan.name])

    def _executor(self, run: Run) -> Json:
        assert run.plan is not None
        return dict(self._plan(run)["executors"][run.plan.order[run.plan.position]])

    def _breaker(self, run: Run) -> Breaker:
        assert run.plan is not None
        key = (run.definition["name"], run.plan.name, self._executor(run)["name"])
        return self.breakers.setdefault(key, Breaker())

    def _begin_plan(self, run: Run, name: str) -> Outcome | None:
        plan = run.definition["plans"][name]
        places = list(range(len(plan["executors"])))
        order = sorted(places, key=lambda place: -plan["executors"][place].get("priority", 0))
        if plan.get("selection") == "round-robin":
            key = (run.definition["name"], name)
            turn = self.turns.get(key, 0) % len(order)
            self.turns[key] = self.turns.get(key, 0) + 1
            order = order[turn:] + order[:turn]
        run.plan = PlanState(name, order)
        return self._try(run)

    def _try(self, run: Run) -> Outcome | None:
        """Call one executor after the other until one is at work or has answered."""
        state = run.plan
        assert state is not None
        if not self._can_map(run, run.spec.get("inputMapping")):
            run.plan = None
            return Outcome(("execution_failure", "failure"), is_final=True)
        while state.position < len(state.order):
            if not self._may_call(run, state):
                state.position, state.attempt = state.position + 1, 0
                continue
            outcome = self._call_executor(run, state)
            if outcome is None:
                return None
            judged = self._judge(run, outcome, goes_on=False)
            if judged is not None or run.wait is not None:
                return judged
        return self._exhausted(run, state)

    def _may_call(self, run: Run, state: PlanState) -> bool:
        spec, breaker = self._executor(run).get("breaker"), self._breaker(run)
        state.is_probe = False
        if spec is None or breaker.opened_ms is None:
            return True
        is_half_open = self.now_ms >= breaker.opened_ms + spec["cooldown_ms"]
        state.is_probe = is_half_open and breaker.probes < spec["half_open_max_calls"]
        state.probe_of_ms = breaker.opened_ms
        if not state.is_probe:
            self._note(run, "plan_breaker_skip", self._executor(run)["name"])
        return state.is_probe

    def _call_executor(self, run: Run, state: PlanState) -> Outcome | None:
        executor = self._executor(run)
        self._breaker(run).probes += state.is_probe
        state.attempt += 1
        if state.attempt == 1:
            state.began_ms = self.now_ms
        self._note(run, "plan_executor_start", executor["name"])
        return self._call(run, executor["run"].removeprefix("@actions/"), "executor")

    def _judge(self, run: Run, outcome: Outcome, *, goes_on: bool = True) -> Outcome | None:
        """What an executor's outcome means. Without an answer the next call is made, unless
        `goes_on` is false: then `None` says that it is to be.
        """
        state, executor = run.plan, self._executor(run)
        assert state is not None
        if outcome.names[0] == "pending" and "tracking" in executor:
            return self._track(run, executor, goes_on=goes_on)
        is_error = any(name in RETRIED for name in outcome.names)
        is_fatal = is_error and outcome.error in self._plan(run).get("errors", {}).get("fatal", [])
        self._record(run, is_fine=is_fatal or not is_error)
        if not is_error:
            if outcome.names[0] == "success":
                self._note(run, "plan_executor_success", executor["name"])
            run.plan = None
            return outcome
        state.error = outcome.names[0]
        if is_fatal:
            self._note(run, "plan_executor_exhausted", executor["name"])
            return self._fatal(run, state)
        delay_ms = None
        if "retry" in executor and not outcome.is_final:
            delay_ms = self._retry_in(executor["retry"], state.attempt, state.began_ms)
        if delay_ms is not None:
            self._note(run, "plan_executor_retry", executor["name"])
            self._wait(run, "executor_retry", delay_ms)
            return None
        self._note(run, "plan_executor_exhausted", executor["name"])
        state.position, state.attempt = state.position + 1, 0
        return self._try(run) if goes_on else None

    def _record(self, run: Run, *, is_fine: bool) -> None:
        state, spec, breaker = run.plan, self._executor(run).get("breaker"), self._breaker(run)
        assert state is not None
        if spec is None:
            return
        is_probe, state.is_probe = state.is_probe, False
        breaker.probes -= is_probe
        if is_probe and breaker.opened_ms == state.probe_of_ms:
            breaker.failures, breaker.opened_ms = 0, None if is_fine else self.now_ms
        elif not is_probe or breaker.opened_ms is None:  # else another one has opened it again
            breaker.failures = 0 if is_fine else breaker.failures + 1
            if breaker.failures >= spec["failure_threshold"] and breaker.opened_ms is None:
                breaker.opened_ms = self.now_ms

    def _track(self, run: Run, executor: Json, *, goes_on: bool) -> Outcome | None:
        type = f"plan:{executor['name']}"
        if type in run.kept:
            run.kept.remove(type)
            self._note(run, "signal_matched", type)
            return self._judge(run, Outcome(("success",)), goes_on=goes_on)
        self._note(run, "waiting_for_signal", type)
        self._wait(run, "tracking", executor["tracking"]["timeout_ms"])
        run.signal = type
        return None

    def _fatal(self, run: Run, state: PlanState) -> Outcome:
        fallback = self._plan(run).get("fallback")
        if fallback is not None and fallback.get("condition") == "any_error":
            return self._fall_back(run, state)
        run.plan = None
        return Outcome(("failure",), is_final=True)

    def _exhausted(self, run: Run, state: PlanState) -> Outcome:
        if "fallback" in self._plan(run):
            return self._fall_back(run, state)
        self._note(run, "plan_executor_exhausted", f"plan {state.name}")
        run.plan = None
        return Outcome(("exhausted", "failure"))

    def _fall_back(self, run: Run, state: PlanState) -> Outcome:
        self._note(run, "plan_executor_exhausted", f"plan {state.name}")
        run.plan = None
        return Outcome(("success",))
