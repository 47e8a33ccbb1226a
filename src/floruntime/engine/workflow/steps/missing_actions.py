"""Steps whose action is not registered yet, as when the web app is deployed before the worker.

Such a step waits for the action, for a limited time from when the run reached it. Registering the
action lets it continue. If the definition says what happens when an action is missing, that happens
at once, unless the definition also says how long to wait.

A step that runs a workflow, or a plan without any existing executor, waits in the same way, but
only if the definition says how long.
"""

from __future__ import annotations

import zlib
from itertools import islice
from typing import Final

from floruntime.engine.state.keyspace import Table
from floruntime.engine.state.tx import Tx
from floruntime.engine.system import timers
from floruntime.engine.system.namespaces import namespace_id
from floruntime.engine.workflow.language.definition import Step, Target, TargetKind, target_of
from floruntime.engine.workflow.language.outcomes import EXECUTION_FAILURE, TARGET_NOT_FOUND
from floruntime.engine.workflow.runs.bodies import find_run_or_body
from floruntime.engine.workflow.runs.rows import Wait
from floruntime.engine.workflow.runs.run import OpenWorkflowRun

WAIT_MS: Final = 60_000
"""How long a step waits that says nothing of it, nor of what follows."""
WOKEN_MAX: Final = 500
"""Runs that one registration, or tick, lets go on; the next tick sees to more."""

_WORKFLOW: Final = "@workflow/"
"""What the name of a workflow has before it here, which shares a table with actions."""

#: Runs that wait for an action, or a workflow, by a hash of its name.
AWAITS_ACTION: Final[Table[bool]] = Table(
    b"wa", bool, namespace_id="u64", name_hash="u32", number="u64"
)


def wait_ms_of(step: Step) -> int:
    """How long the step waits for what it runs."""
    if step.wait_for_target_ms is not None:
        return step.wait_for_target_ms
    if _target_of(step).kind is not TargetKind.ACTION:
        return 0
    is_foreseen = TARGET_NOT_FOUND in step.transitions or EXECUTION_FAILURE in step.transitions
    return 0 if is_foreseen else WAIT_MS


def wait_for_target(run: OpenWorkflowRun) -> bool:
    """Let the run wait for what its step runs; false where its time for that is up."""
    due_ms = run.row.step_began_ms + wait_ms_of(run.step)
    if due_ms <= run.tx.now_ms:
        return False
    for name in _awaited(run):
        run.tx.put(AWAITS_ACTION, _key(run, name), True)
    run.wait_for(Wait.TARGET, due_ms=due_ms)
    return True


def stop_awaiting(run: OpenWorkflowRun) -> None:
    """The run no longer waits for what its step runs."""
    for name in _awaited(run):
        run.tx.delete(AWAITS_ACTION, _key(run, name))


def give_up(run: OpenWorkflowRun, number: int, *, is_late: bool) -> None:
    """The step is left before what it runs was there."""
    stop_awaiting(run)


def _target_of(step: Step) -> Target:
    target = target_of(step.run or "")
    assert target is not None, "a definition was checked"
    return target


def _awaited(run: OpenWorkflowRun) -> list[str]:
    """The names of what the step may go on with."""
    target = _target_of(run.step)
    if target.kind is TargetKind.WORKFLOW:
        return [_of_workflow(target.name)]
    if target.kind is TargetKind.PLAN:
        executors = run.definition.plans[target.name].executors
        called = (target_of(executor.run) for executor in executors)
        return list(dict.fromkeys(each.name for each in called if each is not None))
    return [target.name]


def _of_workflow(name: str) -> str:
    """Names may have colons, and so have the names of versions: what is before the first counts."""
    return _WORKFLOW + name.partition(":")[0]


def action_registered(tx: Tx, name: str) -> None:
    """Wake the runs that wait for this action: their time for that is up now."""
    _wake(tx, namespace_id(tx), _hash(name))


def workflow_synced(tx: Tx, name: str) -> None:
    """Wake the runs that wait for this workflow, or for a version of it."""
    _wake(tx, namespace_id(tx), _hash(_of_workflow(name)))


def wake_more(tx: Tx, due_ms: int, of_namespace_id: int, name_hash: int, data: object) -> None:
    """There were more of them than one command may wake."""
    _wake(tx, of_namespace_id, name_hash)


def _wake(tx: Tx, of_namespace_id: int, name_hash: int) -> None:
    span = AWAITS_ACTION.range(of_namespace_id, name_hash)
    keys = [key for key, _ in islice(tx.scan(AWAITS_ACTION, *span), WOKEN_MAX)]
    for key in keys:
        tx.delete(AWAITS_ACTION, key)
        run = find_run_or_body(tx, of_namespace_id, AWAITS_ACTION.unpack(key)[2])
        if run is not None and run.row.wait == Wait.TARGET:
            run.row.wait_due_ms = tx.now_ms
            run.save()
    if len(keys) == WOKEN_MAX:
        timers.set_timer(tx, tx.now_ms, timers.WORKFLOW_TARGET, of_namespace_id, name_hash)


def _key(run: OpenWorkflowRun, name: str) -> bytes:
    return AWAITS_ACTION.key(run.namespace_id, _hash(name), run.number)


def _hash(name: str) -> int:
    return zlib.crc32(name.encode())
