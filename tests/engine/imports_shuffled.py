"""What the same commands come to in a process that imported the engine in another order.

    python -m tests.engine.imports_shuffled first MODULE
    python -m tests.engine.imports_shuffled shuffled SEED

imports this module first, or all of the engine in an order drawn by the seed; then plays commands
and prints a hash of the bytes that each script, and a deletion of much at once, left in its store.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import random
import sys
from pathlib import Path
from types import ModuleType

SOURCES = Path(__file__).resolve().parents[2] / "src"
AT_THE_EDGE = "floruntime.engine.store"
"""Loads libraries, which need not be loaded in any order."""


def modules() -> list[str]:
    """All modules of the engine, and the one of the server that looks deepest into it."""
    paths = (SOURCES / "floruntime/engine").rglob("*.py")
    names = [".".join(path.relative_to(SOURCES).with_suffix("").parts) for path in paths]
    inner = [name.removesuffix(".__init__") for name in names if not name.startswith(AT_THE_EDGE)]
    return [*sorted(inner), "floruntime.server.scheduler"]


def import_all(how: str, what: str) -> None:
    """Import as the command line says."""
    names = [what]
    if how == "shuffled":
        names = modules()
        random.Random(int(what)).shuffle(names)
    for name in names:
        importlib.import_module(name)


def played() -> dict[str, str]:
    """A hash of the rows that each golden script leaves, and that `much_deleted` does."""
    scripts = importlib.import_module("tests.engine.workflow.golden_scripts")
    calls = importlib.import_module("tests.engine.workflow.calls")
    hashes = {}
    for path in scripts.scripts():
        calls.ENGINES.clear()
        scripts.played(path.read_text())
        hashes[path.name] = _hash_of(calls.ENGINES)
    hashes["much deleted"] = much_deleted(calls)
    return hashes


def much_deleted(calls: ModuleType) -> str:
    """Delete a namespace of more things than one tick reclaims, of two kinds; let a tick pass."""
    from floruntime.core.queue import QueueEnqueue
    from floruntime.core.system import NamespaceDelete, Tick
    from floruntime.engine.system.reclaim import CHILDREN_PER_TICK_MAX

    flows = calls.Workflows()
    flows.sync(calls.ONE_STEP)
    for number in range(CHILDREN_PER_TICK_MAX + 50):
        flows.engine.run(QueueEnqueue(f"q{number}", [b"x"]))
    flows.engine.run(NamespaceDelete("default", force=True))
    flows.engine.run(Tick())
    return _hash_of([flows.engine])


def _hash_of(engines: list[object]) -> str:
    rows = [sorted(engine.rows().items()) for engine in engines]  # type: ignore[attr-defined]  # Engine
    return hashlib.sha256(repr(rows).encode()).hexdigest()


if __name__ == "__main__":
    import_all(*sys.argv[1:])
    print(json.dumps(played()))
