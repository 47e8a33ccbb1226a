"""The public surface: all that it shows can be imported, and all that it does is explained."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import generate_sync

import floruntime
import floruntime.sync
import floruntime.testing
import floruntime.web
from floruntime.client.options import ClientOptions, WebClientOptions
from floruntime.client.worker.options import (
    ActionWorkerOptions,
    QueueWorkerOptions,
    RegisterOptions,
    StreamWorkerOptions,
)

PUBLIC = {name: getattr(floruntime, name) for name in floruntime.__all__ if name[0] != "_"}
MADE_BY_PEOPLE: list[type[Any]] = [
    *(floruntime.FloClient, floruntime.web.FloClient, floruntime.testing.FloTestServer),
    *(floruntime.ActionWorker, floruntime.QueueWorker, floruntime.RetryPolicy),
    *(floruntime.StreamWorker,),
]
CALLED_BY_PEOPLE: list[type[Any]] = [
    *(floruntime.FloClient, floruntime.web.FloClient),
    *(floruntime.Kv, floruntime.Queue, floruntime.Stream, floruntime.Action, floruntime.Worker),
    *(floruntime.Workflow, floruntime.Namespaces, floruntime.Tokens, floruntime.Console),
    *(floruntime.Transaction,),
    *(floruntime.ActionWorker, floruntime.StreamWorker, floruntime.QueueWorker),
    *(floruntime.BatchKv,),
    floruntime.Jobs,
]
OF_EVERY_CALL = {"namespace", "timeout_ms"}
"""What the text of the class explains, once for all methods."""
INTERNAL = {"FloServer", "Dataclass", "Model"}
"""What a test server shows of the server that it runs, which is no part of what is promised; and
the way in which the type of a payload says "any dataclass" and "any pydantic model".
"""
RAISES_NOTHING = {"stop", "close", "shutdown", "use_own_connection", "rollback", "version_of"}


def methods(kind: type[Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods and properties of a class that are ours."""
    for name, member in inspect.getmembers(kind):
        function = member.fget if isinstance(member, property) else member
        is_step = name in ("__aenter__", "__anext__")
        is_own = str(getattr(function, "__module__", "")).startswith("floruntime")
        if inspect.isfunction(function) and is_own and (name[0] != "_" or is_step):
            yield name, function
    if kind in MADE_BY_PEOPLE and inspect.isfunction(kind.__init__):
        yield "__init__", kind.__init__


def classes_in(hint: Any) -> Iterator[type[Any]]:
    """The classes that a type is made of."""
    origin = typing.get_origin(hint)
    if origin is None:
        if isinstance(hint, type):
            yield hint
        return
    if isinstance(origin, type):
        yield origin
    for argument in typing.get_args(hint):
        for part in argument if isinstance(argument, list) else [argument]:
            yield from classes_in(part)


def shown_by(kind: type[Any]) -> Iterator[tuple[str, type[Any]]]:
    """The classes that the signatures and fields of a class show."""
    for name, function in methods(kind):
        for hint in typing.get_type_hints(function).values():
            yield from ((f"{kind.__name__}.{name}", each) for each in classes_in(hint))
    fields = getattr(kind, "__struct_fields__", ())
    for name, hint in typing.get_type_hints(kind).items() if fields else ():
        yield from ((f"{kind.__name__}.{name}", each) for each in classes_in(hint))


def test_every_type_that_is_shown_can_be_imported() -> None:
    known = {kind for kind in PUBLIC.values() if isinstance(kind, type)}
    known |= {floruntime.web.FloClient}
    known |= {floruntime.testing.FloTestServer, floruntime.testing.ServerSettings}
    hidden = {
        (kind.__name__, where)
        for shower in [*known, *MADE_BY_PEOPLE]
        for where, kind in shown_by(shower)
        if kind.__module__.startswith("floruntime.")
        and kind not in known
        and kind.__name__ not in INTERNAL
    }
    assert not hidden


def test_the_parts_of_a_client_and_of_a_batch_can_be_imported() -> None:
    client = floruntime.FloClient("memory://")
    parts = [*vars(client).items(), *vars(client.batch()).items()]
    kinds = {type(part) for name, part in parts if name[0] != "_" and name != "calls"}
    ours = {kind for kind in kinds if kind.__module__.startswith("floruntime.")}
    assert ours <= set(PUBLIC.values())
    assert len(ours) > 12


def test_every_public_name_is_there_and_sorted() -> None:
    assert sorted(floruntime.__all__) == floruntime.__all__
    missing = {name for name in floruntime.__all__ if not hasattr(floruntime, name)}
    assert not missing


def test_every_error_is_public() -> None:
    from floruntime.core.errors import BY_CODE

    assert {cls.__name__ for cls in BY_CODE.values()} <= set(floruntime.__all__)


def test_the_client_without_await_is_generated_from_this_one() -> None:
    files = generate_sync.files()
    old = {path.name for path, text in files.items() if _read(path) != text}
    assert not old, "run: .venv/bin/python -m scripts.generate_sync, and commit src/floruntime/sync"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_the_version_is_told() -> None:
    assert floruntime.__version__[0].isdigit()


# Options


@pytest.mark.parametrize(
    ("options", "function", "left_out"),
    [
        (ClientOptions, floruntime.FloClient.__init__, {"endpoint"}),
        (WebClientOptions, floruntime.web.FloClient.__init__, {"endpoint"}),
        (ActionWorkerOptions, floruntime.ActionWorker.__init__, {"endpoint"}),
        (QueueWorkerOptions, floruntime.QueueWorker.__init__, {"endpoint"}),
        (StreamWorkerOptions, floruntime.StreamWorker.__init__, {"endpoint"}),
        (RegisterOptions, floruntime.Action.register, {"name", "namespace"}),
    ],
)
def test_typed_options_are_those_of_what_they_are_for(
    options: Any, function: Any, left_out: set[str]
) -> None:
    hints = typing.get_type_hints(function)
    wanted = {
        name: hints[name]
        for name in inspect.signature(function).parameters
        if name != "self" and name not in left_out
    }
    assert typing.get_type_hints(options) == wanted
    needed = {
        name
        for name, each in inspect.signature(function).parameters.items()
        if each.default is each.empty and name in wanted
    }
    assert options.__required_keys__ == needed


# Docstrings

EXPLAINED = [
    pytest.param(kind, name, function, id=f"{kind.__name__}.{name}")
    for kind in CALLED_BY_PEOPLE
    for name, function in methods(kind)
    if name[0] != "_" and not isinstance(getattr(kind, name, None), property)
]


@pytest.mark.parametrize(("kind", "name", "function"), EXPLAINED)
def test_a_method_names_what_may_be_left_out_and_what_it_raises(
    kind: type[Any], name: str, function: Callable[..., Any]
) -> None:
    text = inspect.getdoc(getattr(kind, name)) or ""
    parameters = inspect.signature(function).parameters.values()
    optional = {each.name for each in parameters if each.default is not each.empty}
    if optional >= OF_EVERY_CALL:
        optional -= OF_EVERY_CALL
    optional -= {"namespace"} | ({"timeout_ms"} if kind is not floruntime.Action else set())
    if name == "register" and kind is floruntime.Action:
        optional |= {"timeout_ms"}
    unnamed = {each for each in optional if f"`{each}`" not in text}
    assert not unnamed
    if name not in RAISES_NOTHING or kind in (floruntime.FloClient, floruntime.web.FloClient):
        assert "aises" in text, "which errors would a caller handle?"


@pytest.mark.parametrize("kind", MADE_BY_PEOPLE)
def test_a_class_names_the_options_that_it_is_made_with(kind: type[Any]) -> None:
    text = inspect.getdoc(kind) or ""
    parameters = inspect.signature(kind).parameters.values()
    names = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    assert not {name for name in names if f"`{name}" not in text}


@pytest.mark.parametrize(
    ("client", "endpoint"),
    [
        (floruntime.FloClient("flo://flo_s3cr3t@localhost:9000/shop"), "localhost:9000"),
        (floruntime.sync.FloClient("flo://flo_s3cr3t@localhost:9000/shop"), "localhost:9000"),
        (floruntime.web.FloClient("ws://h/ws", namespace="shop", token="s3cr3t"), "ws://h/ws"),
    ],
)
def test_a_client_shows_where_it_leads_and_no_secret(client: Any, endpoint: str) -> None:
    assert repr(client) == f"<FloClient {endpoint}, namespace shop>"
