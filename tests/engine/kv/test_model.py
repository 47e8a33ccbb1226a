"""KV against a model in plain Python, with crashes and time among the steps."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from floruntime.core.errors import ConflictError, FloError
from floruntime.core.kv import (
    KvChanges,
    KvDelete,
    KvGetEntry,
    KvHistory,
    KvIncr,
    KvPut,
    KvScan,
    KvTouch,
    PutResult,
)
from floruntime.core.system import Batch, BatchCommand, NamespaceDelete
from floruntime.engine.kv.rows import FORGET_AFTER_MS
from tests.engine.harness import Engine

KEYS = st.sampled_from(["a", "ab", "b"])
VALUES = st.sampled_from([b"", b"x", b"7", b"-3"])
TTLS = st.none() | st.integers(1, 50)
NAMESPACES = st.sampled_from(["one", "two"])


class Version(NamedTuple):
    version: int
    value: bytes
    at_ms: int
    deleted: bool


class ModelKey:
    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.expires_at_ms: int | None = None

    @property
    def live(self) -> Version | None:
        return self.versions[-1] if self.versions and not self.versions[-1].deleted else None


class ModelNamespace:
    def __init__(self) -> None:
        self.version = 0
        self.keys: dict[str, ModelKey] = {}
        self.changes: list[tuple[str, Version]] = []

    def change(
        self, key: str, value: bytes, now_ms: int, *, deleted: bool = False, ttl: int | None = None
    ) -> int:
        self.version += 1
        version = Version(self.version, value, now_ms, deleted)
        held = self.keys.setdefault(key, ModelKey())
        held.versions = [*held.versions, version][-64:]
        held.expires_at_ms = None if ttl is None else now_ms + ttl
        self.changes.append((key, version))
        return self.version

    def expire(self, key: str, now_ms: int) -> ModelKey:
        held = self.keys.get(key, ModelKey())
        if held.expires_at_ms is not None and held.expires_at_ms <= now_ms:
            self.change(key, b"", now_ms, deleted=True)
        return held

    def tick(self, now_ms: int) -> None:
        due = [
            (held.expires_at_ms, held.versions[0].version, key)
            for key, held in self.keys.items()
            if held.expires_at_ms is not None and held.expires_at_ms <= now_ms
        ]
        for _, _, key in sorted(due):
            self.expire(key, now_ms)
        for key, held in list(self.keys.items()):
            last = held.versions[-1]
            if last.deleted and last.at_ms + FORGET_AFTER_MS <= now_ms:
                del self.keys[key]
        self.changes = [c for c in self.changes if c[1].at_ms + FORGET_AFTER_MS > now_ms]


class KvModel(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.engine = Engine()
        self.spaces = {"one": ModelNamespace(), "two": ModelNamespace()}

    @property
    def now_ms(self) -> int:
        return self.engine.now_ms

    @rule(namespace=NAMESPACES, key=KEYS, value=VALUES, ttl=TTLS, cas=st.none() | st.integers(0, 9))
    def put(self, namespace: str, key: str, value: bytes, ttl: int | None, cas: int | None) -> None:
        space = self.spaces[namespace]
        live = self.live(space, key)
        current = live.version if live else 0
        outcome = self.engine.outcome(KvPut(key, value, ttl, cas), namespace=namespace)
        if cas is not None and cas != current:
            assert isinstance(outcome.error, ConflictError)
            assert outcome.error.current_version == current
            return
        assert outcome.error is None
        space.expire(key, self.now_ms)
        version = space.change(key, value, self.now_ms, ttl=ttl)
        assert outcome.result == PutResult(version)

    def live(self, space: ModelNamespace, key: str) -> Version | None:
        held = space.keys.get(key)
        if held is None or (held.expires_at_ms is not None and held.expires_at_ms <= self.now_ms):
            return None
        return held.live

    @rule(namespace=NAMESPACES, key=KEYS)
    def delete(self, namespace: str, key: str) -> None:
        space = self.spaces[namespace]
        existed = self.live(space, key) is not None
        assert self.engine.run(KvDelete(key), namespace=namespace) is existed
        space.expire(key, self.now_ms)
        if existed:
            space.change(key, b"", self.now_ms, deleted=True)

    @rule(namespace=NAMESPACES, key=KEYS, ttl=st.integers(0, 50))
    def touch(self, namespace: str, key: str, ttl: int) -> None:
        space = self.spaces[namespace]
        existed = self.live(space, key) is not None
        assert self.engine.run(KvTouch(key, ttl), namespace=namespace) is existed
        held = space.expire(key, self.now_ms)
        if existed:
            held.expires_at_ms = self.now_ms + ttl if ttl else None

    @rule(namespace=NAMESPACES, key=KEYS, delta=st.integers(-5, 5))
    def incr(self, namespace: str, key: str, delta: int) -> None:
        space = self.spaces[namespace]
        live = self.live(space, key)
        count = delta
        if live is not None:
            if live.value not in (b"7", b"-3") and not live.value.lstrip(b"-").isdigit():
                outcome = self.engine.outcome(KvIncr(key, delta), namespace=namespace)
                assert isinstance(outcome.error, ConflictError)
                return
            count += int(live.value)
        assert self.engine.run(KvIncr(key, delta), namespace=namespace) == count
        held = space.expire(key, self.now_ms)
        deadline = held.expires_at_ms
        space.change(key, str(count).encode(), self.now_ms)
        space.keys[key].expires_at_ms = deadline

    @rule(namespace=NAMESPACES, first=KEYS, second=KEYS, version=st.integers(0, 9))
    def batch(self, namespace: str, first: str, second: str, version: int) -> None:
        space = self.spaces[namespace]
        live = self.live(space, second)
        current = live.version if live else 0
        if first == second:
            current = space.version + 1 + (first in space.keys and self.is_due(space, first))
        commands: list[BatchCommand] = [
            KvPut(first, b"batch"),
            KvPut(second, b"cas", cas_version=version),
        ]
        outcome = self.engine.outcome(Batch(commands), namespace=namespace)
        if current != version:
            assert isinstance(outcome.error, FloError)
            assert outcome.error.index == 1
            return
        assert outcome.error is None
        for key, value in ((first, b"batch"), (second, b"cas")):
            space.expire(key, self.now_ms)
            space.change(key, value, self.now_ms)

    def is_due(self, space: ModelNamespace, key: str) -> bool:
        deadline = space.keys[key].expires_at_ms
        return deadline is not None and deadline <= self.now_ms

    @rule(namespace=NAMESPACES)
    def delete_namespace(self, namespace: str) -> None:
        self.engine.run(NamespaceDelete(namespace, force=True))
        version = self.spaces[namespace].version
        self.spaces[namespace] = ModelNamespace()
        self.spaces[namespace].version = version

    @rule(ms=st.sampled_from([1, 10, 60, FORGET_AFTER_MS // 2, FORGET_AFTER_MS]))
    def time_passes(self, ms: int) -> None:
        self.engine.advance(ms)
        for space in self.spaces.values():
            space.tick(self.now_ms)

    @rule(ms=st.integers(0, 30))
    def time_passes_and_the_tick_is_late(self, ms: int) -> None:
        self.engine.now_ms += ms

    @rule()
    def crash_and_reopen(self) -> None:
        self.engine.reopen()

    @rule()
    def hold_the_batch_open(self) -> None:
        self.engine.hold = True

    @invariant()
    def what_is_read_is_what_the_model_holds(self) -> None:
        self.engine.flush()
        self.engine.hold = False
        for name, space in self.spaces.items():
            keys = sorted(key for key in space.keys if self.live(space, key))
            page = self.engine.query(KvScan(), namespace=name)
            assert [entry.key for entry in page.entries] == keys
            for key, held in space.keys.items():
                self.compare(name, space, key, held)
            floor = space.changes[0][1].version - 1 if space.changes else space.version
            reply = self.engine.query(KvChanges("", True, floor, limit=1000), namespace=name)
            shown = [(c.key, c.version, c.value, c.deleted) for c in reply.changes]
            assert shown == [(k, v.version, v.value, v.deleted) for k, v in space.changes]

    def compare(self, name: str, space: ModelNamespace, key: str, held: ModelKey) -> None:
        entry = self.engine.query(KvGetEntry(key), namespace=name)
        live = self.live(space, key)
        if live is None:
            assert entry is None
        else:
            assert entry is not None
            assert (entry.version, entry.value, entry.expires_at_ms) == (
                live.version,
                live.value,
                held.expires_at_ms,
            )
        history = self.engine.query(KvHistory(key, 64), namespace=name)
        shown = [Version(v.version, v.value, v.timestamp_ms, v.deleted) for v in history]
        assert shown[::-1] == held.versions


KvModel.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestKvModel = KvModel.TestCase
