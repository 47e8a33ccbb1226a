"""YAML text as a tree of nodes that know where they stand.

The C parser of PyYAML gives events with positions; the tree is built here, because the library's
own way recurses in C without a bound, keeps no duplicate keys to complain about, and resolves
scalars by YAML 1.1. Anchors and aliases work; what an alias copies counts as often as it is copied.
Tags, merge keys, keys that are no text and further documents are problems.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import yaml

from floruntime.core.limits import KIB, shown
from floruntime.engine.workflow.language.problems import KeyPath, Problems
from floruntime.engine.workflow.language.source import Source
from floruntime.engine.workflow.language.surrogates import has_halves, put_back, without_halves

DEFINITION_BYTES_MAX: Final = 256 * KIB
NODES_MAX: Final = 50_000
"""Values and keys of one definition, aliases expanded."""
DEPTH_MAX: Final = 64
MERGE_KEY: Final = "<<"

_NOT_PRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Node(msgspec.Struct):
    """`start` and `end` are indexes into the text. `size` counts it and all in it; `depth` the
    levels beneath it.
    """

    start: int
    end: int
    size: int = 1
    depth: int = 0


class Scalar(Node):
    """`is_plain`: written without quotes, so that it may be something else than text."""

    text: str = ""
    is_plain: bool = False


class MapEntry(msgspec.Struct):
    """A key of a map and its value."""

    key: Scalar
    value: Node


class Map(Node):
    entries: dict[str, MapEntry] = msgspec.field(default_factory=dict)


class Sequence(Node):
    items: list[Node] = msgspec.field(default_factory=list)


class Missing(Node):
    """Stands where an alias copies nothing; a problem says so."""


class _Open(msgspec.Struct):
    """A map or sequence whose end has not come. `key`: the one whose value comes next."""

    node: Map | Sequence
    path: KeyPath
    anchor: str | None
    key: Node | None = None


def read_nodes(source: Source, problems: Problems) -> Node | None:
    """The first document of the text, `None` if there is none, or none that can be read."""
    found = _NOT_PRINTABLE.search(source.text)
    if found:
        character = f"U+{ord(found[0]):04X}"
        problems.add("E103", (), found.start(), f"the control character {character} is not allowed")
        return None
    halves = has_halves(source.text)
    tree = _Tree(problems, source.text if halves else None)
    try:
        text = without_halves(source.text) if halves else source.text
        for event in yaml.parse(text, Loader=yaml.CLoader):
            if not tree.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        problems.add("E103", (), *_syntax_error(error))
        return None
    except yaml.YAMLError as error:
        problems.add("E103", (), 0, f"the text is not YAML: {error}")
        return None
    return tree.root


def _syntax_error(error: yaml.MarkedYAMLError) -> tuple[int, str]:
    mark = error.problem_mark or error.context_mark
    reason = ": ".join(part for part in (error.context, error.problem) if part)
    return (mark.index if mark else 0), f"the text is not YAML: {reason}"


class _Tree:
    """Builds nodes of events. `written`: the source, where the parser read another text."""

    def __init__(self, problems: Problems, written: str | None) -> None:
        self._problems = problems
        self._written = written
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._documents = 0
        self._size = 0
        self.root: Node | None = None

    def take(self, event: Any) -> bool:
        """Take one event in. Answers whether to go on."""
        match event:
            case yaml.DocumentStartEvent():
                return self._begin_document(event)
            case yaml.ScalarEvent():
                self._check_tag(event)
                is_plain = not event.style and event.tag is None
                node = Scalar(*_span(event), text=self._text(event), is_plain=is_plain)
                return self._count(node, node.start) and self._add(node, event.anchor)
            case yaml.MappingStartEvent():
                return self._begin(Map(*_span(event)), event)
            case yaml.SequenceStartEvent():
                return self._begin(Sequence(*_span(event)), event)
            case yaml.CollectionEndEvent():
                return self._end(event)
            case yaml.AliasEvent():
                return self._copy(event)
        return True

    def _text(self, event: Any) -> str:
        text: str = event.value
        if self._written is None:
            return text
        start, end = _span(event)
        text, half = put_back(text, self._written[start:end], event.style)
        if half is not None:
            message = "an escape stands for half a character; its other half must follow it"
            self._problems.add("E103", self._path(), start + half, message)
        return text

    def _begin_document(self, event: Any) -> bool:
        self._documents += 1
        if self._documents > 1:
            message = "another document begins here; a file holds one definition"
            self._problems.add("E105", (), event.start_mark.index, message)
        return self._documents == 1

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = f"the tag {shown(event.tag)} is not part of the language"
            self._problems.add("E112", self._path(), event.start_mark.index, message)

    def _count(self, node: Node, index: int) -> bool:
        self._size += node.size
        if self._size > NODES_MAX:
            message = f"there are more than {NODES_MAX:,} values, those that aliases copy included"
            self._problems.add("E106", self._path(), index, message)
        return self._size <= NODES_MAX

    def _fits(self, node: Node, index: int) -> bool:
        if len(self._open) + node.depth < DEPTH_MAX:
            return True
        message = f"this is nested deeper than {DEPTH_MAX}"
        self._problems.add("E107", self._path(), index, message)
        return False

    def _begin(self, node: Map | Sequence, event: Any) -> bool:
        self._check_tag(event)
        if not self._fits(node, node.start):
            return False
        if event.anchor:
            self._anchors[event.anchor] = None  # until its end it would copy itself
        self._open.append(_Open(node, self._path(), event.anchor))
        return self._count(node, node.start)

    def _end(self, event: Any) -> bool:
        closed = self._open.pop()
        closed.node.end = event.end_mark.index
        return self._add(closed.node, closed.anchor)

    def _copy(self, event: Any) -> bool:
        node = self._anchors.get(event.anchor)
        if node is not None:
            at = event.start_mark.index
            return self._count(node, at) and self._fits(node, at) and self._add(node, None)
        what = "stands within what it copies" if event.anchor in self._anchors else "has no anchor"
        message = f"the alias *{event.anchor} {what}"
        self._problems.add("E114", self._path(), event.start_mark.index, message)
        return self._add(Missing(*_span(event)), None)

    def _add(self, node: Node, anchor: str | None) -> bool:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return True
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            self._enter(parent.node, parent.path, parent.key, node)
            parent.key = None
        parent.node.size += node.size
        parent.node.depth = max(parent.node.depth, node.depth + 1)
        return True

    def _enter(self, parent: Map, path: KeyPath, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            message = "a key must be text, not a map, a list or an alias"
            self._problems.add("E115", path, key.start, message)
        elif key.text == MERGE_KEY and key.is_plain:
            message = "the merge key << is not part of the language"
            self._problems.add("E113", (*path, key.text), key.start, message)
        elif key.text in parent.entries:
            message = f"the key {shown(key.text)} is given twice"
            self._problems.add("E108", (*path, key.text), key.start, message)
        else:
            parent.entries[key.text] = MapEntry(key, value)

    def _path(self) -> KeyPath:
        """Where the next node will stand."""
        if not self._open:
            return ()
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            return (*parent.path, len(parent.node.items))
        return (*parent.path, parent.key.text) if isinstance(parent.key, Scalar) else parent.path


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index
