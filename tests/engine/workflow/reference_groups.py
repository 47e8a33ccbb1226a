"""Branches, items and compensations for the interpreter in `reference.py`, from the contract too.

What a run does beside other things is a run itself here, with the step's part as its step, which
writes to the history of the run that it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.engine.workflow.reference import Call, Event, Json, Outcome, Refused, Run, World

A_DAY_MS = 24 * 3_600_000
FAILURES = (
    *("failure", "timeout", "pending", "target_not_found", "target_disabled"),
    *("execution_failure", "exhausted"),
)
COMPENSATED = {
    "none": (),
    "onFailure": ("failed", "timed_out"),
    "onCancel": ("cancelled",),
    "always": ("failed", "timed_out", "cancelled"),
}


def is_failure(outcome: Outcome | None) -> bool:
    """Whether a branch or an item has failed with this."""
    if outcome is None:
        return True
    last = outcome.names[-1]
    return last == "failure" or (len(outcome.names) == 1 and last in FAILURES)


@dataclass
class Undo:
    """Something that is to be undone: what a step, or a branch or an item of it, has done."""

    step: str
    label: str
    is_item: bool
    spec: Json

    @property
    def told(self) -> str:
        return f"{self.step}/{self.label}" if self.label else self.step


@dataclass
class Group:
    """The branches or items of a stay at a step."""

    count: int
    next: int = 0
    live: list[Body] = field(default_factory=list)
    succeeded: int = 0
    failed: int = 0


@dataclass
class Whole(Run):
    """A run that may have branches and items, and things to undo."""

    items: int = 0
    group: Group | None = None
    undo: list[Undo] = field(default_factory=list)
    compensated: int = 0
    undone: set[str] = field(default_factory=set)
    compensation: Body | None = None
    ending: tuple[str, str] = ("", "")
    paused_ms: int | None = None
    held: Outcome | None = None
    is_executor_held: bool = False


@dataclass
class Body(Run):
    """A branch, an item or a compensation. `does`: its part of the definition."""

    whole: Whole = field(default_factory=lambda: Whole("", {}, None, 1, 0))
    does: Json = field(default_factory=dict)
    label: str = ""
    is_item: bool = False
    undoes: Undo | None = None
    ended: Outcome | None = None
    held: Outcome | None = None
    is_executor_held: bool = False

    @property
    def spec(self) -> Json:
        return self.does


class GroupWorld(World):
    """All of that, too."""

    def __init__(self, definitions: list[Json], now_ms: int) -> None:
        super().__init__(definitions, now_ms)
        self.bodies_total = 0

    # What is asked

    def start(self, name: str, run_id: str, items: int = 0) -> Run:
        if run_id in self.runs:
            raise Refused
        run = Whole(run_id, self.definitions[name], None, 1, len(self.runs), items=items)
        self.runs[run_id] = run
        self._note(run, "workflow_started", "")
        self._go_on(run, self._enter(run, "start"))
        return run

    def fork(self, old: Run, step: str, run_id: str) -> Run:
        """A new run that begins at a step and knows what the old one knew of the others."""
        assert isinstance(old, Whole)
        if any(name != step and step in _steps_behind(old.definition, name) for name in old.undone):
            raise Refused
        run = Whole(run_id, old.definition, None, 1, len(self.runs), items=old.items)
        left_out = {step, *old.undone}
        run.outcomes = {name: old.outcomes[name] for name in old.outcomes if name not in left_out}
        self.runs[run_id] = run
        self._note(run, "workflow_forked", f"{old.id}, at {step}")
        self._note(run, "workflow_started", "")
        self._go_on(run, self._enter(run, step))
        return run

    def finish(self, call: Call, outcome: Outcome) -> None:
        run = call.run
        assert isinstance(run, Whole | Body)
        if _whole_of(run).paused_ms is None:
            super().finish(call, outcome)
            return
        self.calls.remove(call)
        run.is_executor_held = run.wait == "executor"
        self._stop_waiting(run)
        self._note(run, "action_completed", outcome.names[0])
        run.wait, run.held = "held", outcome

    def send(self, run: Run, type: str) -> None:
        _refuse_compensating(run)
        if isinstance(run, Whole) and run.paused_ms is not None:
            self._note(run, "signal_received", type)
            run.kept.append(type)
            return
        group = run.group if isinstance(run, Whole) and run.wait == "bodies" else None
        for body in group.live if group is not None else ():
            is_late = body.due_ms is not None and body.due_ms <= self.now_ms
            if not is_late and self._is_wanted(body, type):
                self._note(run, "signal_received", type)
                self._came(body, type)
                return
        super().send(run, type)

    def cancel(self, run: Run) -> None:
        _refuse_compensating(run)
        super().cancel(run)

    def retry(self, run: Run) -> None:
        if isinstance(run, Whole) and run.compensated:
            raise Refused
        super().retry(run)

    def pause(self, run: Run) -> None:
        _refuse_over(run)
        assert isinstance(run, Whole)
        if run.paused_ms is None:
            run.paused_ms = self.now_ms
            self._note(run, "workflow_paused", "")

    def resume(self, run: Run) -> None:
        _refuse_over(run)
        assert isinstance(run, Whole)
        if run.paused_ms is None:
            return
        stood_ms, run.paused_ms = self.now_ms - run.paused_ms, None
        self._note(run, "workflow_resumed", "")
        _shift(run, stood_ms)
        group = run.group if run.wait == "bodies" else None
        if group is None:
            self._take_up(run)
            return
        bodies = list(group.live)
        for body in bodies:
            _shift(body, stood_ms)
        for body in bodies:
            if run.group is group and body in group.live:
                self._take_up(body)
        if run.group is group:
            self._go_on(run, self._fill(run, group))

    def _take_up(self, run: Whole | Body) -> None:
        """Let it go on from where it stood still."""
        if run.wait == "held":
            outcome, run.held = run.held, None
            assert outcome is not None, "it is held"
            self._stop_waiting(run)
            self._go_on(run, self._judge(run, outcome) if run.is_executor_held else outcome)
        elif run.wait == "target":
            run.wait_due_ms = self.now_ms
        elif run.wait == "signal":
            wanted = run.spec["waitForSignal"]
            if wanted["type"] in run.kept:
                self._stop_waiting(run)
                self._go_on(run, self._matched(run, wanted, None))

    def _waiting(self) -> list[tuple[int, bool, int, Run]]:
        found = [one for one in super()._waiting() if not _stands_still(one[3])]
        for run in self.runs.values():
            assert isinstance(run, Whole)
            if _stands_still(run):
                continue
            bodies = list(run.group.live) if run.group is not None else []
            bodies += [run.compensation] if run.compensation is not None else []
            found += [(body.due_ms, True, body.number, body) for body in bodies if body.due_ms]
        return found

    # Bodies, on the way that runs go

    def _note(self, run: Run, type: str, detail: str) -> None:
        if not isinstance(run, Body):
            super()._note(run, type, detail)
        elif run.undoes is None and (not run.is_item or type.startswith("branch_")):
            told = f"{run.label}: {detail}" if detail else run.label
            super()._note(run.whole, type, told)

    def _attempt(self, run: Run) -> Outcome | None:
        if isinstance(run, Whole) and ("parallel" in run.spec or "forEach" in run.spec):
            return self._begin_group(run)
        return super()._attempt(run)

    def _key_of(self, run: Run) -> str | None:
        key = super()._key_of(run)
        return run.label if key == "$.item" and isinstance(run, Body) else key

    def _go_on(self, run: Run, outcome: Outcome | None) -> None:
        super()._go_on(run, outcome)
        if isinstance(run, Body) and run.ended is not None:
            self._ended(run)

    def _leave(self, run: Run, outcome: Outcome) -> Outcome | None:
        if isinstance(run, Body):
            run.ended = outcome
            return None
        self._remember(run, outcome)
        return super()._leave(run, outcome)

    def _signal_late(self, run: Run) -> Outcome | None:
        if not isinstance(run, Body):
            return super()._signal_late(run)
        self._stop_waiting(run)
        self._note(run, "signal_timeout", "")
        return self._leave(run, Outcome(("timeout",)))

    def _abandon(self, run: Run, *, is_late: bool) -> None:
        has_group = run.wait == "bodies"
        if not is_late:
            self._remember(run, None)
        super()._abandon(run, is_late=is_late)
        if has_group and isinstance(run, Whole):
            self._leave_group(run)

    # Groups

    def _begin_group(self, run: Whole) -> Outcome | None:
        spec = run.spec
        count = len(spec["parallel"]["branches"]) if "parallel" in spec else run.items
        if not count:
            return Outcome(("success",))
        run.group = Group(count)
        return self._fill(run, run.group)

    def _fill(self, run: Whole, group: Group) -> Outcome | None:
        concurrency = run.spec.get("forEach", {}).get("concurrency", group.count)
        while group.next < group.count and len(group.live) < concurrency:
            if _verdict(run.spec, group):
                break
            self._begin_next(run, group)
        name = _verdict(run.spec, group)
        if name is None:
            if run.wait != "bodies":
                self._wait(run, "bodies", None)
            return None
        self._stop_waiting(run)
        if name != "failure":
            told = f"{group.succeeded} succeeded, {group.failed} failed"
            self._note(run, "join_reached", told)
        self._leave_group(run)
        return Outcome((name,), is_final=True)

    def _begin_next(self, run: Whole, group: Group) -> None:
        spec, index = run.spec, group.next
        group.next += 1
        if "parallel" in spec:
            label, does = list(spec["parallel"]["branches"].items())[index]
            body = self._new_body(run, does, label)
            self._note(body, "branch_started", "")
            outcome = self._attempt(body)
        else:
            body = self._new_body(run, spec["forEach"], str(index), is_item=True)
            outcome = self._attempt(body)
            self._note(body, "branch_started", "")
        super()._go_on(body, outcome)
        if body.ended is None:
            group.live.append(body)
        else:
            self._count(run, group, body)

    def _new_body(self, run: Whole, does: Json, label: str, **more: Any) -> Body:
        self.bodies_total += 1
        number = self.bodies_total
        body = Body(run.id, run.definition, None, 1, number, whole=run, does=does, label=label)
        body.kept = run.kept
        body.began_ms, body.attempt = self.now_ms, 1
        body.is_item, body.undoes = more.get("is_item", False), more.get("undoes")
        if "timeoutMs" in does:
            body.step_due_ms = self.now_ms + does["timeoutMs"]
        return body

    def _ended(self, body: Body) -> None:
        run = body.whole
        if body.undoes is not None:
            self._stop_waiting(run)
            self._undone(run, body, body.undoes)
            self._undo_more(run)
            return
        assert run.group is not None, "it is wanted"
        run.group.live.remove(body)
        self._count(run, run.group, body)
        self._go_on(run, self._fill(run, run.group))

    def _count(self, run: Whole, group: Group, body: Body) -> None:
        assert body.ended is not None, "it has ended"
        self._note(body, "branch_completed", body.ended.names[0])
        self._remember(body, body.ended)
        has_failed = is_failure(body.ended)
        group.failed += has_failed
        group.succeeded += not has_failed

    def _leave_group(self, run: Whole) -> None:
        assert run.group is not None, "it is at branches or items"
        bodies, run.group = run.group.live, None
        for body in bodies:
            self._note(body, "branch_cancelled", "")
            self._remember(body, None)
        for body in bodies:
            body.step_due_ms = None
            super()._abandon(body, is_late=False)

    # Undoing

    def _remember(self, run: Run, outcome: Outcome | None) -> None:
        undo = run.spec.get("compensate")
        if undo is None or run.definition.get("compensation") == "none":
            return
        if is_failure(outcome) and undo.get("when", "success") == "success":
            return
        spec = {"timeoutMs": A_DAY_MS, **undo}
        if isinstance(run, Body):
            run.whole.undo.append(Undo(run.whole.step, run.label, run.is_item, spec))
        elif isinstance(run, Whole):
            run.undo.append(Undo(run.step, "", False, spec))

    def _end(self, run: Run, status: str, terminal: str) -> None:
        if isinstance(run, Whole):
            run.paused_ms = None
        wanted = COMPENSATED[run.definition.get("compensation", "always")]
        if isinstance(run, Whole) and run.undo and status in wanted:
            run.step_due_ms, run.ending = None, (status, terminal)
            self._stop_waiting(run)
            self._undo_more(run)
        else:
            super()._end(run, status, terminal)

    def _undo_more(self, run: Whole) -> None:
        run.compensation = None
        while run.undo:
            undo = run.undo.pop()
            run.compensated += 1
            run.undone.add(undo.step)
            body = self._new_body(run, _undoing(undo), undo.label, undoes=undo)
            outcome = self._attempt(body)
            if not undo.is_item:
                self._tell(run, "compensation_started", undo, undo.told)
            super()._go_on(body, outcome)
            if body.ended is None:
                run.compensation = body
                self._wait(run, "compensation", None)
                return
            self._undone(run, body, undo)
        super()._end(run, *run.ending)

    def _undone(self, run: Whole, body: Body, undo: Undo) -> None:
        if is_failure(body.ended):
            assert body.ended is not None, "it has ended"
            detail = f"{undo.told}: {body.ended.names[0]}"
            self._tell(run, "compensation_failed", undo, detail)
        else:
            self._tell(run, "compensation_completed", undo, undo.told)

    def _tell(self, run: Whole, type: str, undo: Undo, detail: str) -> None:
        event: Event = (type, undo.step, detail, self.now_ms)
        run.events.append(event)


def _undoing(undo: Undo) -> Json:
    return {key: undo.spec[key] for key in ("run", "retry", "timeoutMs") if key in undo.spec}


def _refuse_compensating(run: Run) -> None:
    if run.wait == "compensation":
        raise Refused


def _refuse_over(run: Run) -> None:
    if run.is_finished:
        raise Refused
    _refuse_compensating(run)


def _whole_of(run: Whole | Body) -> Whole:
    return run.whole if isinstance(run, Body) else run


def _stands_still(run: Run) -> bool:
    return isinstance(run, Whole) and run.paused_ms is not None


def _shift(run: Run, by_ms: int) -> None:
    """Durations have stood still for so long."""
    run.began_ms += by_ms
    run.step_due_ms = None if run.step_due_ms is None else run.step_due_ms + by_ms
    sleeps_until = run.wait == "sleep" and "until" in run.spec["sleep"]
    if run.wait_due_ms is not None and not sleeps_until:
        run.wait_due_ms += by_ms


def _steps_behind(definition: Json, name: str) -> set[str]:
    """Where a run may come after a step."""
    steps = {"start": definition["start"], **definition["steps"]}
    found: set[str] = set()
    ahead = [name]
    while ahead:
        step = steps[ahead.pop()]
        choice = step.get("choose", {"cases": []})
        goals = [*step.get("transitions", {}).values(), *(case["to"] for case in choice["cases"])]
        goals += [choice["else"]] if "else" in choice else []
        new = {goal for goal in goals if goal in steps} - found
        found |= new
        ahead += new
    return found


def _verdict(spec: Json, group: Group) -> str | None:
    """What the step comes to, once that is certain."""
    is_over = group.succeeded + group.failed == group.count
    if "parallel" in spec:
        parallel = spec["parallel"]
        wanted = {"all": group.count, "any": 1}.get(parallel["join"], parallel["join"])
        if group.succeeded >= wanted:
            return "success"
        is_lost = group.count - group.failed < wanted
        waits = parallel.get("onFailure", "cancel") == "wait"
        return "failure" if is_lost and (is_over or not waits) else None
    cancels = spec["forEach"].get("onFailure", "cancel") == "cancel"
    if group.failed and (cancels or group.failed == group.count):
        return "failure"
    return ("partial" if group.failed else "success") if is_over else None
