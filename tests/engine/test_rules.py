"""The list of rules: it is complete, its order is as written, and imports have no say in it."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

from floruntime.core.types import Command, Query, Request
from floruntime.core.wire import AnyCommand
from floruntime.engine.rules import COMMANDS, QUERIES, RULES, TABLES, WORKFLOW_HOOKS
from floruntime.engine.state.keyspace import Table
from floruntime.engine.system import timers
from floruntime.engine.system.reclaim import Owner
from tests.engine import imports_shuffled

ROOT = Path(__file__).resolve().parents[2]


def leaves(kind: type[Any]) -> set[type[Any]]:
    """The kinds of messages below this one; none that another test made."""
    below = [each for each in kind.__subclasses__() if each.__module__.startswith("floruntime.")]
    return {kind} if not below else set().union(*map(leaves, below))


def names(hearers: Any) -> list[str]:
    return [f"{hearer.__module__.rpartition('.')[2]}.{hearer.__name__}" for hearer in hearers]


# Completeness


def test_every_command_has_one_rule() -> None:
    assert set(RULES.commands) == set(get_args(AnyCommand)) == leaves(Command)
    assert len(RULES.commands) == len(COMMANDS)


def test_every_query_has_one_rule() -> None:
    assert set(RULES.queries) == leaves(Query)
    assert len(RULES.queries) == len(QUERIES)


def test_exactly_what_has_a_block_ms_waits() -> None:
    asked: set[type[Request[Any]]] = {*RULES.commands, *RULES.queries}
    assert set(RULES.waits) == {kind for kind in asked if "block_ms" in kind.__struct_fields__}


def test_every_kind_of_timer_has_one_rule() -> None:
    kinds = [kind for name, kind in vars(timers).items() if name.isupper() and type(kind) is int]
    assert sorted(kinds) == sorted(RULES.timers)


def test_every_table_is_named_and_dies_with_one_owner_at_most() -> None:
    found: dict[bytes, Table[Any]] = {}
    for name in imports_shuffled.modules():
        module = vars(importlib.import_module(name))
        found |= {thing.tag: thing for thing in module.values() if isinstance(thing, Table)}
    assert found == dict(TABLES)
    owned = [table for owner in RULES.owners.values() for table in owner.tables]
    assert len({table.tag for table in owned}) == len(owned)
    assert set(RULES.owners) == set(Owner)


def test_the_type_of_every_stored_row_says_so() -> None:
    kinds = [table.row for table in TABLES.values() if hasattr(table.row, "__struct_fields__")]
    assert len(kinds) > 30
    assert not [kind.__name__ for kind in kinds if not kind.__name__.endswith("Row")]


# Order


def test_who_hears_of_the_end_of_a_workflow_run_in_which_order() -> None:
    assert names(WORKFLOW_HOOKS.ended) == [
        "idempotency.run_ended",
        "children.child_ended",
        "schedules.run_ended",
    ]


def test_in_which_order_the_children_of_a_namespace_are_passed_on() -> None:
    children = RULES.owners[Owner.NAMESPACE].children
    assert [child.directory.tag for child in children] == [b"ac", b"qu", b"st", b"wf"]
    assert [child.kind for child in children] == [
        *(Owner.ACTION, Owner.QUEUE, Owner.STREAM, Owner.WORKFLOW)
    ]


def test_in_which_order_what_dies_with_an_owner_is_deleted() -> None:
    """A deletion goes on from tick to tick: what is there in between is told by this order."""
    order = {
        owner: " ".join(table.tag.decode() for table in owned.tables)
        for owner, owned in RULES.owners.items()
    }
    assert order == {
        Owner.NAMESPACE: "kv kh kc ru ri ro rs rt wk wr wj wi wo wm wp we wg wx wh wa "
        "yb yl yg yo yi yf jb yc ye yu yh xv",
        Owner.QUEUE: "qg qh qn qb qs qr qx qo qd qk",
        Owner.STREAM: "ss sr sm sp so",
        Owner.GROUP: "gs gn gm gl gp gt gk gd ag gf",
        Owner.ACTION: "an ra ar ak ae af aw ad as ap xa xb xc",
        Owner.WORKFLOW: "wn wd wt wv wu ws wy wq wb wc wl xe xd xf",
    }


def test_in_which_order_a_namespace_is_asked_whether_it_holds_anything() -> None:
    assert names(RULES.contents) == [
        "rows.holds_actions",
        "rows.holds_keys",
        "rows.holds_queues",
        "rows.holds_streams",
        "rows.holds_workflows",
    ]


def test_the_order_in_which_modules_are_imported_decides_nothing() -> None:
    """In processes of their own, since this one has imported everything already."""
    orders = [
        ("first", "floruntime.engine.machine"),
        ("first", "floruntime.server.scheduler"),
        ("first", "floruntime.engine.workflow.catalog.schedules"),
        ("shuffled", "1"),
        ("shuffled", "2"),
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.engine.imports_shuffled", *order],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for order in orders
    ]
    played = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(orders)
    assert len(played[0]) > 10
    for order, other in zip(orders[1:], played[1:], strict=True):
        assert other == played[0], order


def test_no_two_classes_and_no_two_tables_share_a_name() -> None:
    places: dict[str, set[str]] = {}
    for name in imports_shuffled.modules():
        module = importlib.import_module(name)
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__ == name:
                places.setdefault(thing.__name__, set()).add(name)
            if isinstance(thing, Table):
                [known_as] = {own for own, other in vars(module).items() if other is thing}
                places.setdefault(known_as, set()).add(f"table {thing.tag!r}")
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert not {name for name in shared if name[0] != "_"}


def test_only_the_machine_and_a_stay_that_ends_move_a_transaction_to_another_namespace() -> None:
    sources = (ROOT / "src/floruntime/engine").rglob("*.py")
    move = re.compile(r"\b(?:tx|_?view)\.namespace\b(?:, [^=\n]*)? = ")
    moving = {path.name for path in sources if move.search(path.read_text())}
    assert moving == {"machine.py", "within.py"}


def test_no_module_of_the_engine_is_imported_for_its_effect() -> None:
    sources = (ROOT / "src/floruntime/engine").rglob("*.py")
    assert not [path.name for path in sources if "F401" in path.read_text()]
