"""Scopes of tokens: `ACTION:PRIMITIVE:NAME`, where a `*` at the end of the name makes it a prefix.

`write` includes `append`; `group` means the calls of a stream's groups. A token with scopes may do
what its role allows and at least one scope names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from floruntime.core import limits
from floruntime.core.errors import BadRequestError
from floruntime.core.token import Role

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "kv": ("read", "write"),
    "stream": ("read", "append", "write", "group"),
    "queue": ("read", "write"),
    "action": ("read", "write"),
    "workflow": ("read", "write"),
}
"""The actions that a scope may name, for each primitive."""

FOR_WEB: Final = frozenset(
    {
        *(("read", "kv"), ("read", "stream"), ("group", "stream")),
        *(("append", "stream"), ("write", "stream")),
    }
)
"""What the role `web` can ever use; other roles can use everything."""


class Scope(NamedTuple):
    """One scope. `name` has no `*`; with `is_prefix`, the scope covers all names that begin with
    it.
    """

    action: str
    primitive: str
    name: str
    is_prefix: bool

    @property
    def text(self) -> str:
        """The scope in its written form."""
        return f"{self.action}:{self.primitive}:{self.name}{'*' if self.is_prefix else ''}"

    def includes(self, other: Scope) -> bool:
        """Whether this scope allows everything that `other` allows."""
        if self.primitive != other.primitive or not does(self.action, other.action):
            return False
        if self.is_prefix:
            return other.name.startswith(self.name)
        return self.name == other.name and not other.is_prefix


def does(given: str, wanted: str) -> bool:
    """Whether a scope of the action `given` is enough for `wanted`."""
    return given == wanted or (given == "write" and wanted == "append")


def parse_scope(text: str) -> Scope:
    """Return the scope that `text` describes. Raises `BadRequestError`."""
    limits.utf8("scope", text)
    action, _, rest = text.partition(":")
    primitive, _, name = rest.partition(":")
    if primitive not in ACTIONS or action not in ACTIONS[primitive]:
        raise BadRequestError(
            f"scope {limits.shown(text)} is not a scope; {_right(primitive)} would be one"
        )
    if not name:
        raise BadRequestError(
            f"scope {limits.shown(text)} names nothing; it must end in a name, or in * for all"
        )
    is_prefix = name.endswith("*")
    bare = name.removesuffix("*")
    size, most = len(bare.encode()), _name_bytes_max(primitive)
    if size > most:
        raise BadRequestError(
            f"scope {limits.shown(text)} has a name of {size} bytes; at most {most} are allowed"
        )
    return Scope(action, primitive, bare, is_prefix)


def _right(primitive: str) -> str:
    actions = "|".join(ACTIONS.get(primitive, ("read", "append", "write", "group")))
    shown = primitive if primitive in ACTIONS else "|".join(ACTIONS)
    return f"{actions}:{shown}:NAME"


def _name_bytes_max(primitive: str) -> int:
    return limits.KEY_BYTES_MAX if primitive == "kv" else limits.NAME_BYTES_MAX


def check_scopes(role: Role, texts: Iterable[str]) -> list[Scope]:
    """The scopes of a token of this role, perhaps none.

    Raises `BadRequestError` if one is malformed, or if the role can never use it.
    """
    texts = list(texts)
    limits.check_range("the length of scopes", len(texts), 0, limits.TOKEN_SCOPES_MAX)
    scopes = [parse_scope(text) for text in texts]
    for text, scope in zip(texts, scopes, strict=True):
        if role is Role.WEB and (scope.action, scope.primitive) not in FOR_WEB:
            raise BadRequestError(
                f"scope {limits.shown(text)} gives nothing to the role {role.value}, which "
                "may never do that; use another scope or role"
            )
    return scopes
