"""Golden scripts: commands in, all that follows from them out.

A script in `golden/` has a comment, definitions divided by `---`, a line `===`, then commands that
begin with `> `, each followed by what it brought about: what it answered, and of each run that it
touched the new events and where the run stands.

    python -m tests.engine.workflow.golden_scripts

writes what follows anew; the difference is then to be read as a change of behaviour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from floruntime.core.errors import FloError
from floruntime.core.stream import StreamAppend, StreamCreate
from floruntime.core.system import Tick
from floruntime.core.workflow import (
    HistoryEvent,
    ScheduleDue,
    WorkflowPauseSchedule,
    WorkflowStart,
    WorkflowTriggerSchedule,
)
from floruntime.engine.workflow.catalog.schedules import SCHEDULE_DUE
from floruntime.engine.workflow.runs.rows import WORKFLOW_RUN
from floruntime.engine.workflow.runs.run import workflow_run_id
from tests.engine.harness import START_MS
from tests.engine.workflow.calls import Workflows

FOLDER = Path(__file__).parent / "golden"


def scripts() -> list[Path]:
    """All scripts, by name."""
    return sorted(FOLDER.glob("*.txt"))


def played(text: str, namespace: str = "default") -> str:
    """The script with what follows from its commands as it is now, in this namespace."""
    head, _, rest = text.partition("\n===\n")
    documents = [
        document
        for document in head.split("\n---\n")
        if any(line and not line.startswith("#") for line in document.splitlines())
    ]
    play = _Play(documents, namespace)
    lines = []
    for command in (line[2:] for line in rest.splitlines() if line.startswith("> ")):
        lines += ["", f"> {command}", *play.follow(command)]
    return f"{head}\n===\n" + "\n".join(lines[1:]) + "\n"


class _Play:
    """An engine that follows commands, and tells what is new after each."""

    def __init__(self, documents: list[str], namespace: str) -> None:
        self._flows = Workflows(actions=(), namespace=namespace)
        self._documents = documents
        self._told: dict[str, tuple[int, str]] = {}
        self._names: dict[str, str] = {}

    def follow(self, command: str) -> Iterator[str]:
        verb, *words = command.split(" ")
        try:
            answer = _VERBS[verb](self, *words)
        except FloError as error:
            answer = f"{type(error).__name__}: {error}"
        if answer is not None:
            yield f"  = {self._named(str(answer))}"
        yield from self._news()

    def _news(self) -> Iterator[str]:
        """New events of all runs, the oldest run first, and where each of these stands."""
        for run_id in self._run_ids():
            passed, _ = self._told.get(run_id, (0, ""))
            events = self._flows.history(run_id)[passed:]
            stands = self._stands(run_id)
            if events or self._told.get(run_id, (0, ""))[1] != stands:
                yield self._named(f"  {run_id}: {stands}")
                yield from (self._named(self._line(event)) for event in events)
            self._told[run_id] = passed + len(events), stands

    def _run_ids(self) -> list[str]:
        rows = self._flows.engine.rows()
        keys = sorted(key for key in rows if key[:2] == WORKFLOW_RUN.tag)
        return [
            workflow_run_id(WORKFLOW_RUN.unpack(key)[1], WORKFLOW_RUN.decode(rows[key]))
            for key in keys
        ]

    def _stands(self, run_id: str) -> str:
        run = self._flows.run(run_id)
        parts = [str(run.status), f"at {run.current_step}"]
        if run.terminal is not None:
            parts.append(f"ended at {run.terminal}")
        if run.output is not None:
            parts.append(f"with {run.output.decode()}")
        return ", ".join(parts)

    def _line(self, event: HistoryEvent) -> str:
        about = "" if event.run_id is None else f" [{event.run_id}]"
        step = "" if event.step is None else f" {event.step}"
        detail = "" if not event.detail else f": {event.detail}"
        at_ms = event.timestamp_ms - START_MS
        return f"    {event.sequence} +{at_ms} {event.type}{step}{detail}{about}"

    def _named(self, text: str) -> str:
        """Ids that were made, by the order in which they came, so that others do not change."""
        words = []
        for word in text.split(" "):
            core = word.strip("[]:,'")
            prefix, dash, number = core.partition("-")
            if dash and prefix in ("wfrun", "run") and number.isdigit():
                count = sum(name.startswith(f"{prefix}#") for name in self._names.values())
                name = self._names.setdefault(core, f"{prefix}#{count + 1}")
                word = word.replace(core, name)
            words.append(word)
        return " ".join(words)

    # What the commands do

    def sync(self) -> str:
        return ", ".join(f"{one.name} {one.action}" for one in self._flows.sync(*self._documents))

    def start(self, name: str, run_id: str, *input: str) -> None:
        data = " ".join(input).encode() or b"null"
        self._flows.tell(WorkflowStart(name, data, run_id=run_id))

    def complete(self, action: str, outcome: str = "success", *output: str) -> None:
        task = self._flows.claim_one(action)
        self._flows.complete_with(task, " ".join(output).encode(), outcome)

    def fail(self, action: str, *error: str) -> None:
        self._flows.break_down(action, " ".join(error))

    def fail_for_good(self, action: str, *error: str) -> None:
        self._flows.break_down(action, " ".join(error), retry=False)

    def signal(self, run_id: str, type: str, *data: str) -> None:
        self._flows.signal(self._id(run_id), type, json.loads(" ".join(data) or "null"))

    def cancel(self, run_id: str, *reason: str) -> None:
        self._flows.cancel(self._id(run_id), " ".join(reason) or None)

    def retry(self, run_id: str) -> None:
        self._flows.retry(self._id(run_id))

    def advance(self, ms: str) -> str:
        self._flows.advance(int(ms))
        return f"+{self._flows.now_ms - START_MS}"

    def restart(self) -> None:
        self._flows.engine.reopen()

    def register(self, *actions: str) -> None:
        for action in actions:
            self._flows.register(action)

    def disable(self, action: str) -> None:
        self._flows.enable_action(action, False)

    def delete(self, action: str) -> None:
        self._flows.delete_action(action)

    def create(self, stream: str) -> None:
        self._flows.tell(StreamCreate(stream))

    def append(self, stream: str, *payloads: str) -> None:
        self._flows.tell(StreamAppend(stream, [payload.encode() for payload in payloads]))
        self._flows.tell(Tick())

    def come(self, nominal_ms: str, next_ms: str) -> None:
        rows = self._flows.engine.rows()
        [key] = [key for key in rows if key[:2] == SCHEDULE_DUE.tag]
        due_ms, workflow_id = SCHEDULE_DUE.unpack(key)
        self._flows.tell(ScheduleDue(workflow_id, due_ms, int(nominal_ms), int(next_ms)))

    def trigger(self, name: str) -> str:
        return self._flows.tell(WorkflowTriggerSchedule(name))

    def pause(self, name: str) -> None:
        self._flows.tell(WorkflowPauseSchedule(name))

    def pause_run(self, run_id: str, *reason: str) -> None:
        self._flows.pause_run(self._id(run_id), " ".join(reason) or None)

    def resume_run(self, run_id: str) -> None:
        self._flows.resume_run(self._id(run_id))

    def fork(self, run_id: str, from_step: str, new_run_id: str) -> None:
        self._flows.fork(self._id(run_id), from_step, new_run_id=new_run_id)

    def _id(self, name: str) -> str:
        """The id behind the name of one that was made."""
        return next((run_id for run_id, known in self._names.items() if known == name), name)


_VERBS: dict[str, Callable[..., Any]] = {
    name.replace("_", "-"): rule
    for name, rule in vars(_Play).items()
    if not name.startswith("_") and name != "follow"
}


def write_anew() -> None:
    """Let all scripts say what follows now."""
    for path in scripts():
        path.write_text(played(path.read_text()))


if __name__ == "__main__":
    write_anew()
