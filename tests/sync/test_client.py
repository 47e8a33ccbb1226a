"""`floruntime.sync` where it is another thing than the other client: threads, loops, ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from floruntime import ActionContext, BadTypeError, ConflictError, FloError, StreamRecord
from floruntime.sync import FloClient


@pytest.fixture
def client() -> Iterator[FloClient]:
    with FloClient("memory://") as client:
        yield client


def test_the_first_call_connects_and_a_closed_client_opens_again() -> None:
    client = FloClient("memory://")
    assert not client.is_connected
    assert client.kv.put("k", b"v").version == 1
    assert client.is_connected
    client.close()
    assert client.connect() is client
    assert client.kv.get("k") is None
    client.close()


def test_what_is_refused_is_raised_where_it_was_called(client: FloClient) -> None:
    client.kv.put("k", b"v")
    with pytest.raises(ConflictError) as caught:
        client.kv.put("k", b"w", cas_version=7)
    assert caught.value.current_version == 1
    with pytest.raises(BadTypeError):
        client.kv.put("k", 7)  # type: ignore[arg-type]  # the point of the test


def test_many_threads_share_one_connection(client: FloClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        sums = list(threads.map(lambda _: client.kv.incr("n"), range(200)))
    assert sorted(sums) == list(range(1, 201))


def test_pages_and_entries_are_gone_through(client: FloClient) -> None:
    with client.batch() as batch:
        for number in range(1_000):
            batch.kv.put(f"a{number:04}", b"")
    with client.batch() as batch:
        batch.kv.put("b", b"")
    assert batch.results[0].version > 1_000
    assert [entry.key for entry in client.kv.iterate()][-2:] == ["a0999", "b"]
    assert len(list(client.kv.iterate("a"))) == 1_000


def test_a_batch_that_raises_sends_nothing(client: FloClient) -> None:
    with suppress(KeyError), client.batch() as batch:
        batch.kv.put("k", b"v")
        raise KeyError("k")
    assert not client.kv.exists("k")


def test_a_transaction_commits_at_the_end_of_its_block(client: FloClient) -> None:
    with client.kv.begin() as transaction:
        transaction.put("k", b"v")
        assert transaction.get("k") == b"v"
    assert client.kv.get("k") == b"v"


def test_a_watch_shows_what_came_after_it_was_made(client: FloClient) -> None:
    with client.kv.watch("k") as watch:
        client.kv.put("k", b"1")
        client.kv.put("k", b"2")
        assert [next(watch).value, next(watch).value] == [b"1", b"2"]
    assert list(watch) == []


def test_threads_that_share_a_watch_are_given_each_change_once(client: FloClient) -> None:
    with client.kv.watch("k") as watch, ThreadPoolExecutor() as pool:
        steps = [pool.submit(next, watch) for _ in range(4)]
        for number in range(4):
            client.kv.put("k", b"%d" % number)
        assert sorted(step.result().value for step in steps) == [b"0", b"1", b"2", b"3"]


def test_a_follower_that_waits_is_ended_from_another_thread(client: FloClient) -> None:
    follower = client.stream.follow("s")
    follower.start()
    threading.Timer(0, follower.close).start()
    assert list(follower) == []


def test_callbacks_have_a_thread_in_which_the_client_works(client: FloClient) -> None:
    done = threading.Event()

    def note(record: StreamRecord) -> None:
        client.kv.put("seen", record.payload)
        done.set()

    with client.stream.subscribe("s", note) as subscription:
        client.stream.append("s", b"1")
        assert done.wait(10)
        assert subscription.is_active
    assert not subscription.is_active
    assert client.kv.get("seen") == b"1"
    with pytest.raises(BadTypeError):
        client.stream.subscribe("s", None)


def test_a_listener_hears_of_a_connection() -> None:
    heard = threading.Event()
    client = FloClient("memory://")
    end = client.on_connect(heard.set)
    with client:
        assert heard.wait(10)
    end()
    with pytest.raises(BadTypeError):
        client.on_connect(None)  # type: ignore[arg-type]  # the point of the test


async def test_it_works_where_a_loop_runs() -> None:
    with FloClient("memory://") as client:
        client.kv.put("k", b"v")
        assert client.kv.get("k") == b"v"
        watch = client.kv.watch("k")
        client.kv.put("k", b"w")
        assert next(watch).value == b"w"


def test_called_on_its_own_loop_it_says_so(client: FloClient) -> None:
    asked: list[str] = []

    async def note(record: StreamRecord) -> None:
        try:
            client.kv.get("k")
        except FloError as error:
            asked.append(str(error))
        done.set()

    done = threading.Event()
    with client.stream.subscribe("s", note):
        client.stream.append("s", b"1")
        assert done.wait(10)
    assert "event loop" in asked[0]


def test_a_worker_works_beside_the_block(client: FloClient) -> None:
    worker = client.new_action_worker()

    @worker.action("double")
    def double(ctx: ActionContext) -> int:
        return 2 * int(ctx.json())

    with worker:
        assert worker.is_running
        assert client.action.call("double", b"21").output == b"42"
    assert not worker.is_running


PROGRAM = """
from floruntime.sync import FloClient
client = FloClient({endpoint!r})
client.kv.put("k", b"v")
print(client.kv.get("k"))
"""


@pytest.mark.parametrize("endpoint", ["memory://", "file:{directory}"])
def test_a_program_that_closes_nothing_ends_by_itself(endpoint: str, tmp_path: object) -> None:
    program = PROGRAM.format(endpoint=endpoint.format(directory=f"{tmp_path}/data"))
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("b'v'\n", "", 0)


def test_ctrl_c_ends_a_wait() -> None:
    program = (
        "import os, signal, threading\n"
        "from floruntime.sync import FloClient\n"
        "client = FloClient('memory://').connect()\n"
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    client.queue.dequeue('q', block_ms=60_000)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', client.kv.get('k'))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert ran.stdout == b"stopped None\n", ran.stderr


def test_one_loop_serves_all_clients(client: FloClient) -> None:
    with FloClient("memory://") as other:
        other.ping()
        names = [thread.name for thread in threading.enumerate()]
    assert names.count("flo-client") == 1


def test_what_makes_a_cached_value_must_be_a_function() -> None:
    make: Any = b"value"
    with FloClient("memory://") as client, pytest.raises(BadTypeError, match="make is b'value'"):
        client.kv.get_or_set("k", make)
