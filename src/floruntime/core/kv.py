"""Keys: the requests for versioned keys, and the answers."""

from __future__ import annotations

from collections.abc import Iterator

from floruntime.core import defaults
from floruntime.core.jobs import BulkJob
from floruntime.core.types import Command, EntryValue, Query, Value


class KvEntry(EntryValue, frozen=True):
    """One key and its value. `expires_at_ms` is `None` for a key without a TTL."""

    key: str
    value: bytes
    version: int
    updated_at_ms: int
    expires_at_ms: int | None = None


class PutResult(Value, frozen=True):
    """`version`: the namespace's change number that this write got."""

    version: int


class VersionEntry(EntryValue, frozen=True):
    """One version of a key; `deleted` marks a deletion or an expiry."""

    version: int
    value: bytes
    timestamp_ms: int
    deleted: bool

    @property
    def timestamp(self) -> int:
        """Another name for `timestamp_ms`."""
        return self.timestamp_ms


class ScanResult(Value, frozen=True):
    """A page of keys in byte order; `cursor` continues after the last one."""

    entries: list[KvEntry]
    cursor: str | None

    def __iter__(self) -> Iterator[KvEntry]:
        return iter(self.entries)

    @property
    def has_more(self) -> bool:
        """Whether a further page follows."""
        return self.cursor is not None


class KvChange(EntryValue, frozen=True):
    """One change as a watch shows it; `value` is empty if `deleted`."""

    key: str
    value: bytes
    version: int
    deleted: bool


class KvChangesReply(Value, frozen=True):
    """Changes after a version, and the version to continue from. `more`: ask again at once.

    `generation`: how often the namespace was deleted; send it back with the version.
    """

    changes: list[KvChange]
    version: int
    more: bool = False
    generation: int = 0


class KvGet(Query[bytes | None], tag=1, frozen=True):
    key: str
    block_ms: int = 0


class KvGetEntry(Query[KvEntry | None], tag=2, frozen=True):
    key: str


class KvPut(Command[PutResult], tag=3, frozen=True):
    key: str
    value: bytes
    ttl_ms: int | None = None
    cas_version: int | None = None
    if_not_exists: bool = False
    if_exists: bool = False


class KvDelete(Command[bool], tag=4, frozen=True):
    """`purge`: remove the key's older values at once."""

    key: str
    cas_version: int | None = None
    purge: bool = False


class KvDeletePrefix(Command[BulkJob], tag=181, frozen=True):
    """Delete every key with this prefix, in a background job, except keys written later."""

    prefix: str


class KvScan(Query[ScanResult], tag=5, frozen=True):
    prefix: str = ""
    limit: int = defaults.PAGE_LIMIT
    cursor: str | None = None
    keys_only: bool = False


class KvHistory(Query[list[VersionEntry]], tag=6, frozen=True):
    key: str
    limit: int = defaults.HISTORY_LIMIT


class KvMget(Query[list[KvEntry | None]], tag=7, frozen=True):
    keys: list[str]


class KvIncr(Command[int], tag=8, frozen=True):
    key: str
    delta: int = 1


class KvTouch(Command[bool], tag=9, frozen=True):
    """Set a new TTL; 0 removes the TTL (`persist`)."""

    key: str
    ttl_ms: int
    cas_version: int | None = None


class KvExists(Query[bool], tag=10, frozen=True):
    key: str


class KvJsonGet(Query[bytes | None], tag=11, frozen=True):
    """The answer is JSON text, or nothing if the key or the path is missing."""

    key: str
    path: str = "$"


class KvJsonSet(Command[PutResult], tag=12, frozen=True):
    """`value` is JSON text."""

    key: str
    path: str
    value: bytes


class KvJsonDel(Command[bool], tag=13, frozen=True):
    key: str
    path: str = "$"


class KvCheck(Command[None], tag=14, frozen=True):
    """A condition without a write, for batches: the key has this version (0: it does not exist)."""

    key: str
    version: int


class KvChanges(Query[KvChangesReply], tag=15, frozen=True):
    """Return changes of a key (or of all keys with the prefix) after `from_version` (`None`: now).

    `generation`: the one that came with the version; 0 if the caller chose the version.
    """

    key: str
    prefix: bool = False
    from_version: int | None = None
    block_ms: int = 0
    limit: int = defaults.PAGE_LIMIT
    generation: int | None = None
