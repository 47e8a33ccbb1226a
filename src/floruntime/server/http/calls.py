"""The calls over HTTP: those of the Python API, with the names and types of its methods.

Nothing is listed twice: each method of a part of the client, such as `client.kv`, automatically has
a path here. Methods without a path only make sense for a connection, and are listed in `NOT_CALLS`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.batch import Batch
from floruntime.client.base import BaseClient
from floruntime.core.errors import BadRequestError
from floruntime.core.nearest import nearest
from floruntime.core.system import Backup, GetServerInfo, ServerInfo
from floruntime.server.http.kinds import take

NOT_CALLS: Mapping[str, str] = {
    "kv.begin": (
        "a transaction exists only in a client; over HTTP, send its writes as a batch, with "
        "cas_version"
    ),
    "kv.get_or_set": (
        "it calls a function of the client; over HTTP, call kv.get, then kv.put with if_not_exists"
    ),
    "kv.iterate": "call kv.scan, page by page",
    "kv.watch": "use GET, which answers with Server-Sent Events",
    "stream.follow": "use GET, which answers with Server-Sent Events",
    "stream.subscribe": "use GET of stream.follow, which answers with Server-Sent Events",
    "workflow.follow": "use GET, which answers with Server-Sent Events",
    "workflow.sync_dir": "it reads files of the client; send their text to workflow.sync",
    "workflow.sync_file": "it reads files of the client; send their text to workflow.sync",
    "workflow.sync_files": "it reads files of the client; send their text to workflow.sync",
}
"""Methods that are no calls of HTTP, and what to do instead."""
_OWN = ("self", "namespace")
LOGIN = "console.login"
"""What may be asked without a token: the code decides."""
SECRETS = ("tokens.create", "tokens.mint", "console.code", LOGIN)
"""Their answers hold a secret, which is kept nowhere and so cannot be answered again."""


class Server(Part):
    """What a client can be asked about the server itself."""

    def info(self) -> Operation[ServerInfo]:
        """The running server: version, durability, limits, time since its start."""
        return self._call(GetServerInfo(), None, None)

    def backup(self, directory: str, *, timeout_ms: int | None = None) -> Operation[str]:
        """Copy the data, while all goes on, into a new directory at the server; its full path."""
        return self._call(Backup(directory), None, timeout_ms)


class Field(NamedTuple):
    """One member of a body."""

    hint: Any
    is_needed: bool
    default: Any


class HttpCall(NamedTuple):
    """One call: a method of a part of the client."""

    name: str
    part: type[Part]
    method: str
    fields: Mapping[str, Field]
    result: Any
    """The type of what it answers."""
    has_namespace: bool
    summary: str

    def arguments(self, members: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
        """The method's arguments, of a body's members. Raises `BadRequestError`."""
        for name in members:
            if name not in self.fields:
                near = nearest(name, self.fields)
                hint = f"did you mean {near}?" if near else f"it has {', '.join(self.fields)}"
                raise BadRequestError(f"{self.name} has no {name!r}; {hint}")
        for name, field in self.fields.items():
            if field.is_needed and name not in members:
                raise BadRequestError(f"{self.name} needs {name}")
        return {name: take(self.fields[name].hint, name, raw) for name, raw in members.items()}


@lru_cache(maxsize=1)
def calls() -> Mapping[str, HttpCall]:
    """All calls, by name: `kv.put`."""
    parts = {**parts_of(BaseClient("memory://")), "server": Server}
    return dict(sorted(_calls_of(parts)))


@lru_cache(maxsize=1)
def batch_calls() -> Mapping[str, HttpCall]:
    """What a batch takes, by name."""
    batch = Batch(BaseClient("memory://").calls)
    return dict(sorted(_calls_of(parts_of(batch))))


def parts_of(client: object) -> Mapping[str, type[Part]]:
    """The parts of a client or a batch, by name; one of two names has the first."""
    named: dict[type[Part], str] = {}
    for name, part in vars(client).items():
        if isinstance(part, Part):
            named.setdefault(type(part), name)
    return {name: part for part, name in named.items()}


def methods_of(part: type[Part]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of a part."""
    for name in dir(part):
        method = inspect.getattr_static(part, name)
        if name[0] != "_" and inspect.isfunction(method):
            yield name, method


def _calls_of(parts: Mapping[str, type[Part]]) -> Iterator[tuple[str, HttpCall]]:
    for part_name, part in parts.items():
        for method_name, method in methods_of(part):
            name = f"{part_name}.{method_name}"
            if name not in NOT_CALLS:
                yield name, _call_of(name, part, method)


def _call_of(name: str, part: type[Part], method: Callable[..., Any]) -> HttpCall:
    hints = typing.get_type_hints(method)
    parameters = inspect.signature(method).parameters
    fields = {
        each: Field(
            hints.get(each, Any), parameter.default is inspect.Parameter.empty, parameter.default
        )
        for each, parameter in parameters.items()
        if each not in _OWN
    }
    result = hints.get("return", Any)
    if typing.get_origin(result) is Operation:
        [result] = typing.get_args(result)
    text = inspect.getdoc(method) or name
    summary = " ".join(text.split("\n\n")[0].split())
    return HttpCall(name, part, method.__name__, fields, result, "namespace" in parameters, summary)
