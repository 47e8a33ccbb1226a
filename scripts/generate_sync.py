"""Writes `floruntime.sync` from the asynchronous client: the same methods, names and types.

python -m scripts.generate_sync

Each class of the client that has something to wait for becomes a class of the same name in a file
of its own. What a method takes and gives, and its text, are those of the source; only `await` goes.
A method that is added to the client appears when this is run again, and a test asks for that.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from scripts.python_sources import Source, written

import floruntime
from floruntime.client.api.base.caller import Part
from floruntime.client.api.base.endless import Endless
from floruntime.client.api.base.operation import Operation
from floruntime.client.api.batch import WritesOnly
from floruntime.client.api.stream.follow import Subscription
from floruntime.client.worker.worker_base import WorkerBase

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "floruntime" / "sync"
HEAD = '''\
"""{title}

Generated from the asynchronous client by scripts/generate_sync.py; do not edit.
"""

from __future__ import annotations

{imports}


'''
HAND_WRITTEN: dict[type[Any], str] = {Subscription: "floruntime.sync.subscription"}
"""What `floruntime.sync` has in another form, by its module."""
BODIES = {
    "subscribe": "return subscribe(lambda: self.follow(stream, start=start, partition=partition, "
    "namespace=namespace), callback)",
    "within": "return self._elsewhere(lambda: self._of.within(namespace))",
    "on_connect": 'return self._bridge.listen("connect", listener)',
    "on_disconnect": 'return self._bridge.listen("disconnect", listener)',
    "get_or_set": "return self._bridge.run_serving(lambda serve: self._of.get_or_set({arguments}))",
}
"""Methods that take a person's function, which does not run on the client's event loop."""
CONTEXTS = ("ActionContext", "QueueContext", "StreamContext")
SERVED = {"get_or_set": "make"}
FIRST_PARTY = ("--config", 'lint.isort.known-first-party = ["floruntime"]')
WORDS = [
    (re.compile(r"`await (\w+)"), r"`\1"),
    (re.compile(r" a function, plain or async, that"), r" a function that"),
    (re.compile(r"\basync (with|for)\b"), r"\1"),
    (re.compile(r"\baclose\("), "close("),
    (re.compile(r"\bawait (\w+\.?\w*\()"), r"\1"),
    (re.compile(r", a plain or an async function,"), ""),
    (re.compile(r"a plain or an async function of"), "a function of"),
    (re.compile(r", plain or async,"), ","),
    (re.compile(r"event loop( or|, thread or)? process"), "process"),
]


# What is made, and from what


def mirrored() -> dict[type[Any], None]:
    """The classes that have something to wait for, beginning with the client, in order."""
    client = floruntime.FloClient("memory://")
    found: dict[type[Any], None] = {}
    waiting: list[type[Any]] = [floruntime.FloClient, *_kinds_of_parts(client)]
    while waiting:
        kind = waiting.pop(0)
        if kind in found or kind in HAND_WRITTEN:
            continue
        found[kind] = None
        for _, function in members(kind):
            waiting += [each for each in _classes(_answer(function)) if _is_waited_for(each)]
    return found


def _kinds_of_parts(client: floruntime.FloClient) -> list[type[Any]]:
    return [type(part) for part in vars(client).values() if isinstance(part, Part)]


def _is_waited_for(kind: type[Any]) -> bool:
    if kind in (Operation, AsyncIterator) or not kind.__module__.startswith("floruntime.client."):
        return False
    return any(_is_async(member) for _, member in inspect.getmembers(kind))


def _is_async(member: Any) -> bool:
    return inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)


def members(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """The public functions and properties of a class that are ours, in the order of the sources."""
    seen = set()
    for owner in reversed(kind.__mro__):
        if not owner.__module__.startswith("floruntime.") or owner is WorkerBase.__base__:
            continue
        for name in vars(owner):
            if name[0] == "_" or name in seen:
                continue
            member = inspect.getattr_static(kind, name)
            if inspect.isfunction(member) or isinstance(member, property):
                seen.add(name)
                yield name, member


def _answer(member: Any) -> Any:
    function = member.fget if isinstance(member, property) else member
    return typing.get_type_hints(function).get("return")


def _classes(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type):
        yield hint


# Writing


class Writer:
    """Writes the module of one class."""

    def __init__(self, kind: type[Any], all_kinds: dict[type[Any], None]) -> None:
        self.kind = kind
        self.all_kinds = all_kinds
        self.names = {each.__name__: each for each in [*all_kinds, *HAND_WRITTEN]}
        self.has_list = hasattr(kind, "list")
        self.imports: set[str] = set()
        self.builtins = set(dir(builtins)) | {"Self"}

    def module(self) -> str:
        body = self._class()
        title = f"`{self.kind.__name__}`, waited for."
        return HEAD.format(title=title, imports="\n".join(sorted(self.imports))) + body

    def _class(self) -> str:
        kind = self.kind
        text = _in_plain_words(inspect.getdoc(kind) or "")
        parts = [f'    """{_indented(text)}\n    """' if "\n" in text else f'    """{text}"""']
        parts += self._making()
        for name, member in members(kind):
            if name in _made_by_hand(kind):
                continue
            parts.append(self._method(name, member))
        if hasattr(kind, "__aenter__"):
            parts.append(self._entering())
        return f"class {kind.__name__}({self._base()}):\n" + "\n\n".join(parts) + "\n"

    def _base(self) -> str:
        if issubclass(self.kind, Endless):
            item = typing.get_args(_endless_base(self.kind))[0]
            self.imports.add(f"from {item.__module__} import {item.__name__}")
            self.imports.add("from floruntime.sync.following import Following")
            return f"Following[{item.__name__}]"
        for base in (WorkerBase, floruntime.FloClient, Part):
            if issubclass(self.kind, base):
                name = {WorkerBase: "WorkerHandle", Part: "PartOf"}.get(base, "ClientOf")
                self.imports.add(f"from floruntime.sync.standing import {name}")
                return (
                    f"{name}[{self._asynchronous()}]" if base is not floruntime.FloClient else name
                )
        self.imports.add("from floruntime.sync.standing import Standing")
        return f"Standing[{self._asynchronous()}]"

    def _asynchronous(self) -> str:
        name = self.kind.__name__
        self.imports.add(f"from {self.kind.__module__} import {name} as Async{name}")
        return f"Async{name}"

    # How it is made, and what it shows

    def _making(self) -> list[str]:
        kind = self.kind
        if kind is floruntime.FloClient:
            return self._client_making()
        if issubclass(kind, WorkerBase):
            return self._worker_making()
        if issubclass(kind, Part):
            return [self._part_making()]
        if issubclass(kind, Endless):
            return []
        return self._shown(kind)

    def _client_making(self) -> list[str]:
        source, node = written(self.kind, "__init__")
        parts = vars(floruntime.FloClient("memory://"))
        arguments = self._arguments(node)
        self._asynchronous()
        self.imports.add("from floruntime.sync.bridge import Bridge")
        lines = [
            f"    def __init__({self._parameters(source, node)}) -> None:",
            f"        super().__init__(Bridge(lambda: AsyncFloClient({arguments})))",
            "",
            "    def _make_parts(self, bridge: Bridge) -> None:",
        ]
        for part in {id(part): part for part in parts.values() if isinstance(part, Part)}.values():
            names = " = ".join(f"self.{name}" for name, each in parts.items() if each is part)
            lines.append(f"        {names} = {self._mirror(type(part))}(bridge)")
        return ["\n".join(lines)]

    def _worker_making(self) -> list[str]:
        source, node = written(self.kind, "__init__")
        self.imports.add("from floruntime.sync.standing import endpoint_of")
        parameters = self._parameters(source, node).replace(
            "endpoint: str | BaseClient", "endpoint: str | ClientOf"
        )
        self.imports.discard("from floruntime.client.base import BaseClient")
        self.imports.add("from floruntime.sync.standing import ClientOf")
        arguments = self._arguments(node).replace("endpoint", "endpoint_of(endpoint)", 1)
        self._asynchronous()
        made = f"Async{self.kind.__name__}({arguments})"
        return [
            f"    def __init__({parameters}) -> None:\n        super().__init__({made}, endpoint)"
        ]

    def _part_making(self) -> str:
        name = next(
            name
            for name, part in vars(floruntime.FloClient("memory://")).items()
            if type(part) is self.kind
        )
        return (
            "    @property\n"
            f"    def _of(self) -> {self._asynchronous()}:\n"
            f"        return self._bridge.client.{name}"
        )

    def _shown(self, kind: type[Any]) -> list[str]:
        """What an object shows beside its methods: it is another object that has it."""
        sample = SAMPLES[kind.__name__]()
        parts = []
        for name, value in vars(sample).items():
            if name[0] == "_":
                continue
            shown = type(value).__name__
            if isinstance(value, WritesOnly):
                self.imports.add(f"from {type(value).__module__} import {shown}")
            elif isinstance(value, list):
                self.imports.add("from typing import Any")
                shown = "list[Any]"
            parts.append(
                f"    @property\n    def {name}(self) -> {shown}:\n"
                f'        """As in the asynchronous client."""\n        return self._of.{name}'
            )
        return parts

    # Methods

    def _method(self, name: str, member: Any) -> str:
        source, node = written(self.kind, name)
        answer, body = self._body(name, node, member, source)
        text = _in_plain_words(ast.get_docstring(node) or "")
        decorator = "    @property\n" if isinstance(member, property) else ""
        shown = f'        """{_indented(text, 8)}\n        """\n' if "\n" in text else ""
        if text and not shown:
            shown = f'        """{text}"""\n'
        head = f"{decorator}    def {name}({self._parameters(source, node)}) -> {answer}:\n"
        return f"{head}{shown}        {body}"

    def _body(self, name: str, node: Any, member: Any, source: Source) -> tuple[str, str]:
        """What the method gives, and how."""
        call = f"self._of.{name}" + (
            "" if isinstance(member, property) else f"({self._arguments(node, SERVED.get(name))})"
        )
        text = ast.unparse(node.returns)
        hint = _answer(member)
        if name in BODIES:
            if "subscribe(" in BODIES[name]:
                self.imports.add("from floruntime.sync.subscription import subscribe")
            answer = self._type(source, _awaited(text))
            return answer, BODIES[name].format(arguments=self._arguments(node, SERVED.get(name)))
        if text.startswith("AsyncIterator["):
            self.imports.add("from collections.abc import Iterator")
            self.imports.add("from floruntime.sync.following import each")
            return self._type(source, text[5:]), f"return each(self._bridge, {call})"
        if text in ("Self", "NoReturn") and isinstance(node, ast.AsyncFunctionDef):
            self.imports.add(f"from typing import {text}")
            run = f"self._bridge.run({call})"
            return text, f"{run}\n        return self" if text == "Self" else run
        if text.startswith("Operation[") or isinstance(node, ast.AsyncFunctionDef):
            return self._run(_awaited(text), call, hint, source)
        if isinstance(hint, type) and hint in self.all_kinds:
            return self._made(hint, call)
        return self._type(source, text), f"return {call}" if text != "None" else call

    def _run(self, text: str, call: str, hint: Any, source: Source) -> tuple[str, str]:
        if isinstance(hint, type) and hint in self.all_kinds:
            mirror = self._mirror(hint)
            return mirror, f"return {mirror}(self._bridge, self._bridge.run({call}))"
        run = f"self._bridge.run({call})"
        return self._type(source, text), run if text == "None" else f"return {run}"

    def _made(self, hint: type[Any], call: str) -> tuple[str, str]:
        mirror = self._mirror(hint)
        if issubclass(hint, Endless):
            return mirror, f"return {mirror}(self._bridge, lambda: {call})"
        if issubclass(hint, WorkerBase):
            return mirror, f"return {mirror}(self, **options)"
        return mirror, f"return {mirror}(self._bridge, {call})"

    def _mirror(self, kind: type[Any]) -> str:
        name = kind.__name__
        if kind is not self.kind:
            self.imports.add(f"from floruntime.sync.{_file_of(kind)} import {name}")
        return name

    def _entering(self) -> str:
        self.imports |= {"from types import TracebackType", "from typing import Self"}
        kind = self.kind
        enter, leave = "at_once(self._of.__aenter__())", None
        if not issubclass(kind, (WorkerBase, floruntime.FloClient)):
            self.imports.add("from floruntime.sync.standing import at_once")
        if kind is floruntime.FloClient or issubclass(kind, WorkerBase):
            enter, leave = ("self.connect()", "self.close()")
            if issubclass(kind, WorkerBase):
                enter, leave = "self._begin()", "self._finish()"
        leave = leave or "self._bridge.run(self._of.__aexit__(kind, error, traceback))"
        return (
            f"    def __enter__(self) -> Self:\n        {enter}\n        return self\n\n"
            "    def __exit__(\n        self,\n        kind: type[BaseException] | None,\n"
            "        error: BaseException | None,\n        traceback: TracebackType | None,\n"
            f"    ) -> None:\n        {leave}"
        )

    # Types and parameters

    def _parameters(self, source: Source, node: Any) -> str:
        for each in ast.walk(node.args):
            if isinstance(each, ast.Name):
                self._import(source, each.id)
        text = re.sub(r"\d{5,}", lambda found: f"{int(found[0]):_}", ast.unparse(node.args))
        return self._listed(text)

    def _type(self, source: Source, text: str) -> str:
        for each in ast.walk(ast.parse(text)):
            if isinstance(each, ast.Name) and each.id != "Iterator":
                self._import(source, each.id)
        return self._listed(text)

    def _listed(self, text: str) -> str:
        """A class with a method `list` says otherwise what it means by a list."""
        if not self.has_list or not re.search(r"\blist\[", text):
            return text
        self.imports.add("import builtins")
        return re.sub(r"\blist\[", "builtins.list[", text)

    def _import(self, source: Source, name: str) -> None:
        if name in self.names and self.names[name] in HAND_WRITTEN:
            self.imports.add(f"from {HAND_WRITTEN[self.names[name]]} import {name}")
        elif name == "Self":
            self.imports.add("from typing import Self")
        elif name not in self.builtins:
            self.imports.add(source.import_of(name))

    def _arguments(self, node: Any, served: str | None = None) -> str:
        args = node.args
        given = [
            f"serve({each.arg})" if each.arg == served else each.arg
            for each in args.args
            if each.arg != "self"
        ]
        given += [f"*{args.vararg.arg}"] if args.vararg else []
        given += [f"{each.arg}={each.arg}" for each in args.kwonlyargs]
        given += [f"**{args.kwarg.arg}"] if args.kwarg else []
        return ", ".join(given)


def _made_by_hand(kind: type[Any]) -> set[str]:
    """What the base class in `floruntime.sync` has itself."""
    if issubclass(kind, Endless):
        return {"start", "aclose", "take_ready"}
    return {"start"} if issubclass(kind, WorkerBase) else set()


def _samples() -> dict[str, Callable[[], Any]]:
    from floruntime.client.api.kv.transaction import Transaction

    client = floruntime.FloClient("memory://")
    return {"Batch": client.batch, "Transaction": lambda: Transaction(client.calls, None, None)}


SAMPLES = _samples()
"""One of each class that shows more than its methods."""


def _endless_base(kind: type[Any]) -> Any:
    bases: tuple[Any, ...] = vars(kind)["__orig_bases__"]
    return next(base for base in bases if typing.get_origin(base) is Endless)


def _awaited(text: str) -> str:
    return text.removeprefix("Operation[")[:-1] if text.startswith("Operation[") else text


def _in_plain_words(text: str) -> str:
    for pattern, plain in WORDS:
        text = pattern.sub(plain, text)
    return text


def _indented(text: str, columns: int = 4) -> str:
    return text.replace("\n", "\n" + " " * columns).replace("\n" + " " * columns + "\n", "\n\n")


def _file_of(kind: type[Any]) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    return {"flo_client": "client"}.get(snake, snake)


def _package(kinds: dict[type[Any], None]) -> str:
    modules = {kind.__name__: f"floruntime.sync.{_file_of(kind)}" for kind in kinds}
    modules |= {kind.__name__: module for kind, module in HAND_WRITTEN.items()}
    modules |= dict.fromkeys(CONTEXTS, "floruntime.sync.contexts")
    imports = [f"from {module} import {name}" for name, module in modules.items()]
    title = "The client for code that does not `await`: the same names, types and errors."
    names = "".join(f'    "{name}",\n' for name in sorted(modules))
    return HEAD.format(title=title, imports="\n".join(imports)) + f"__all__ = [\n{names}]\n"


def _formatted(text: str) -> str:
    for arguments in (
        ("check", "--quiet", "--fix", "--select", "I,UP,F401", *FIRST_PARTY),
        ("format",),
    ):
        ruff = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", "src/x.py", "-"]
        text = subprocess.run(
            ruff, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
    return text


@cache
def files() -> dict[Path, str]:
    """What is generated, by its path."""
    kinds = mirrored()
    made = {TARGET / f"{_file_of(kind)}.py": Writer(kind, kinds).module() for kind in kinds}
    made[TARGET / "__init__.py"] = _package(kinds)
    return {path: _formatted(text) for path, text in made.items()}


def main() -> None:
    """Write what is generated."""
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
