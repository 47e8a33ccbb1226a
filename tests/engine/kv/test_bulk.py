"""Jobs that delete all keys that begin so."""

from __future__ import annotations

import pytest

from floruntime.core.errors import BadRequestError
from floruntime.core.jobs import BulkJob, JobGet
from floruntime.core.kv import KvDeletePrefix, KvHistory, KvPut, KvScan
from tests.engine.harness import Engine


def filled(*keys: str) -> Engine:
    engine = Engine()
    for key in keys:
        engine.run(KvPut(key, b"1"))
    return engine


def keys_of(engine: Engine) -> list[str]:
    return [entry.key for entry in engine.query(KvScan(limit=1_000)).entries]


def ended(engine: Engine, job: BulkJob) -> BulkJob:
    for _ in range(100):
        engine.advance(15)
    return engine.query(JobGet(job.job_id))


def test_all_keys_that_begin_so_are_deleted() -> None:
    engine = filled("a", "user", "user:1", "user:2", "user;", "z")
    job = ended(engine, engine.run(KvDeletePrefix("user:")))
    assert (job.status, job.matched, job.done, job.about) == ("completed", 2, 2, "user:")
    assert keys_of(engine) == ["a", "user", "user;", "z"]
    assert [one.deleted for one in engine.query(KvHistory("user:1"))] == [True, False]


def test_it_goes_a_piece_at_a_time_and_leaves_alone_what_is_written_later() -> None:
    engine = filled(*(f"k{number:03}" for number in range(200)))
    begun = engine.run(KvDeletePrefix("k"))
    engine.run(KvPut("k199", b"2"))
    engine.run(KvPut("k500", b"2"))
    job = ended(engine, begun)
    assert (job.status, job.done) == ("completed", 199)
    assert keys_of(engine) == ["k199", "k500"]


def test_an_empty_prefix_means_all_and_a_namespace_may_have_none() -> None:
    engine = filled("a", "b")
    assert ended(engine, engine.run(KvDeletePrefix(""))).done == 2
    assert keys_of(engine) == []
    nothing = Engine()
    assert ended(nothing, nothing.run(KvDeletePrefix("x"))).done == 0


def test_a_prefix_has_a_limit() -> None:
    with pytest.raises(BadRequestError, match="prefix has 4097 bytes"):
        Engine().run(KvDeletePrefix("k" * 4_097))
