"""Who gets which of the files that a process may open."""

from __future__ import annotations

import resource

import pytest

from floruntime.server.config import Config
from floruntime.server.open_files import (
    OTHER_FILES,
    STORE_FILES_MIN,
    UNLIMITED,
    file_limit,
    file_plan,
    raise_file_limit,
    store_files_max,
    what_cannot_be_had,
)


@pytest.mark.parametrize("limit", [1, 160, 256, 1_024, 4_096, 20_000, UNLIMITED])
def test_connections_never_get_what_the_store_needs(limit: int) -> None:
    plan = file_plan(Config(), limit)
    assert 1 <= plan.connections_max <= plan.sockets_max
    if limit >= 160:
        assert plan.sockets_max + store_files_max(limit) + OTHER_FILES <= limit


def test_with_enough_files_the_setting_is_had_and_newcomers_beyond_it_are_told() -> None:
    plan = file_plan(Config(connections_max=500), 20_000)
    assert plan.connections_max == 500
    assert plan.sockets_max == 1_500
    assert what_cannot_be_had(Config(connections_max=500), plan) == ""


def test_a_setting_that_cannot_be_had_is_told() -> None:
    config = Config(connections_max=10_000)
    plan = file_plan(config, 1_024)
    told = what_cannot_be_had(config, plan)
    assert "connections_max is 10000" in told
    assert "may open 1024 files" in told
    assert f"takes {plan.connections_max} connections" in told


def test_the_store_keeps_a_share_of_the_files_open() -> None:
    assert store_files_max(10_000) == 2_500
    assert store_files_max(20) == STORE_FILES_MIN
    assert store_files_max() == max(file_limit() // 4, STORE_FILES_MIN)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before - 1, most))
    try:
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
