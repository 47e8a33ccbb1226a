"""The scopes of one grant, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floruntime.core.scope import ACTIONS, Scope, does, parse_scope
from floruntime.engine.state.keyspace import after, next_key
from floruntime.engine.state.tx import Span


class Scopes:
    """What a token with scopes may do, its role aside. `texts` are as they were given."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        self.parsed = tuple(parse_scope(text) for text in self.texts)
        self._names: dict[tuple[str, str], frozenset[str]] = {}
        self._prefixes: dict[tuple[str, str], tuple[str, ...]] = {}
        for primitive, actions in ACTIONS.items():
            for action in actions:
                at, found = (action, primitive), self._of(action, primitive)
                self._names[at] = frozenset(each.name for each in found if not each.is_prefix)
                self._prefixes[at] = tuple(each.name for each in found if each.is_prefix)
        #: By primitive, which names lists may show.
        self.spans: Mapping[str, tuple[Span, ...]] = {
            primitive: self._spans_of(primitive) for primitive in ACTIONS
        }

    def _of(self, action: str, primitive: str) -> list[Scope]:
        return [
            each
            for each in self.parsed
            if each.primitive == primitive and does(each.action, action)
        ]

    def allow(self, action: str, primitive: str, name: str) -> bool:
        """Whether one of them names this."""
        at = (action, primitive)
        return name in self._names[at] or name.startswith(self._prefixes[at])

    def allow_prefix(self, action: str, primitive: str, prefix: str) -> bool:
        """Whether they name all that begins with `prefix`."""
        return prefix.startswith(self._prefixes[(action, primitive)])

    def include(self, other: Scope) -> bool:
        """Whether one of them allows all that `other` does."""
        return any(each.includes(other) for each in self.parsed)

    def _spans_of(self, primitive: str) -> tuple[Span, ...]:
        """Where the readable names lie, in order and without overlaps."""
        spans = sorted(_span_of(each) for each in self._of("read", primitive))
        merged: list[Span] = []
        for low, high in spans:
            if merged and (merged[-1][1] == b"" or low <= merged[-1][1]):
                before = merged.pop()
                high = b"" if b"" in (before[1], high) else max(before[1], high)
                low = before[0]
            merged.append((low, high))
        return tuple(merged)


def _span_of(scope: Scope) -> Span:
    name = scope.name.encode()
    if not scope.is_prefix:
        return name, next_key(name)
    return name, after(name) if name else b""
