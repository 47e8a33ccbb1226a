"""Looks up what a scope check needs from the state: the owner of a run, a worker or a group."""

from __future__ import annotations

from collections.abc import Callable

from floruntime.core import limits
from floruntime.core.errors import FloError, NotFoundError
from floruntime.engine.action.run_rows import (
    ACTION_RUN,
    action_name,
    action_run_number,
    unknown_action_run,
)
from floruntime.engine.action.workers import find_worker
from floruntime.engine.state.tx import View
from floruntime.engine.stream.rows import find_stream
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.catalog.triggers import groups_of
from floruntime.engine.workflow.runs.run import find_workflow_run_row, unknown_run
from floruntime.engine.workflow.runs.workflows import name_of


class Look:
    """A look at one namespace, on the state that the request will be judged by, which `view` gives
    once somebody wants to look.
    """

    def __init__(self, view: Callable[[], View], namespace: str) -> None:
        self._give_view = view
        self._namespace = namespace

    @property
    def _view(self) -> View:
        return self._give_view()

    def owner_of(self, primitive: str, run_id: str) -> str | None:
        """The action or workflow whose run this is; `None`: there is no such run."""
        view = self._view
        with view.within(self._namespace):
            return _OWNER_OF[primitive](view, run_id)

    def unknown(self, primitive: str, run_id: str) -> FloError:
        """What is said of a run that is not there."""
        say = unknown_action_run if primitive == "action" else unknown_run
        view = self._view
        with view.within(self._namespace):
            return say(view, run_id)

    def actions_of(self, worker_id: str) -> list[str]:
        """What a worker is registered for; nothing where it is not."""
        view = self._view
        with view.within(self._namespace):
            row = find_worker(view, worker_id)
        return [] if row is None else row.actions

    def is_audit(self, stream: str) -> bool:
        """Whether the stream is the engine's audit, or would be."""
        if stream != limits.AUDIT_STREAM:
            return False
        view = self._view
        with view.within(self._namespace):
            row = find_stream(view, stream)
        return row is None or row.is_engines

    def is_engines(self, stream: str, group: str) -> bool:
        """Whether the group is one that the engine itself reads, for a trigger."""
        view = self._view
        with view.within(self._namespace):
            return group in groups_of(view, stream)


def _action_of(view: View, run_id: str) -> str | None:
    number = action_run_number(run_id)
    row = view.get(ACTION_RUN, ACTION_RUN.key(namespace_id(view), number)) if number else None
    return None if row is None else action_name(view, row.action_id)


def _workflow_of(view: View, run_id: str) -> str | None:
    try:
        _, row = find_workflow_run_row(view, run_id)
    except NotFoundError:
        return None
    return name_of(view, row.workflow_id)


_OWNER_OF = {"action": _action_of, "workflow": _workflow_of}
