"""Runs a server as a process: signals, logging, the event loop, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from floruntime.engine.store.errors import StoreError
from floruntime.server.clock import SystemClock
from floruntime.server.config import Config, ConfigError, is_loopback, open_to_all, without_nats
from floruntime.server.connections.tls import ServerTls, server_tls
from floruntime.server.data.storage import DiskStorage, MemoryStorage, Storage
from floruntime.server.failpoints import VARIABLE, fail_point_from
from floruntime.server.http.listening import listen
from floruntime.server.logs import set_up_logging
from floruntime.server.memory import budget_bytes
from floruntime.server.open_files import raise_file_limit, what_cannot_be_had
from floruntime.server.server import FloServer, needs_disk

log = logging.getLogger("floruntime.server")

SWITCH_INTERVAL_S = 0.0001
"""How long the sync thread waits for the GIL at most; Python's default is fifty times as much."""
GC_THRESHOLD = 50_000
EXIT_STORE_FAILED = 70
EPHEMERAL = "an ephemeral server was started"


def run_server(config: Config) -> None:
    """Run until SIGTERM or SIGINT. Raises what opening the data directory or the port raises."""
    set_up_logging(config)
    raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _quieten_collector()
    _run(serve(config))


def _quieten_collector() -> None:
    """Collect cycles rarely: requests and rows make none, and a pass walks all that is cached."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)


def _run(main: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)


async def serve(config: Config, on_ready: Callable[[int], None] = lambda port: None) -> None:
    """Serve until a signal asks to stop."""
    stopping = _stop_signals()
    tls = server_tls(config)
    server = await _cluster_server(config) if config.cluster else _server(config)
    try:
        await server.prepare()
        _check_open(config, server)
        port = await listen(server, config.bind, config.port, tls)
    except (ConfigError, OSError):
        await server.stop()
        raise
    server.start()
    if told := what_cannot_be_had(config, server.files):
        log.warning("%s", told)
    loop = asyncio.get_running_loop()
    rereading = Rereading(server, tls)
    loop.add_signal_handler(signal.SIGHUP, rereading.begin)
    log.info(
        "ready on %s:%d%s, durability %s, data in %s, %s",
        config.bind,
        port.number,
        " with TLS" if tls is not None else "",
        config.durability.value,
        server.storage.path or "memory",
        "clients need a token" if server.access.needs_token else "clients need no token",
    )
    on_ready(port.number)
    await stopping.wait()
    log.info("stopping: answering the requests in flight")
    port.close()
    await _stop(server)
    await port.wait_closed()
    log.info("stopped")


async def _stop(server: FloServer) -> None:
    """In good order; where the last sync of `async` fails, as at any other that does."""
    try:
        await server.stop()
    except StoreError as error:
        log.critical("the last writes are not on disk: %s", error)
        _end_at_once(error)


def _server(config: Config) -> FloServer:
    storage: Storage
    storage = (
        DiskStorage(config.data_dir, budget_bytes(config))
        if needs_disk(config)
        else MemoryStorage(EPHEMERAL)
    )
    on_step = fail_point_from(os.environ.get(VARIABLE))
    return FloServer(config, storage, SystemClock, on_fatal=_end_at_once, on_step=on_step)


async def _cluster_server(config: Config) -> FloServer:
    """A node of a cluster; what that needs is loaded only here."""
    try:
        from floruntime.server.cluster.cluster_server import open_cluster_server
    except ModuleNotFoundError as error:
        raise without_nats(error) from None
    return await open_cluster_server(config, _end_at_once)


def _stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _check_open(config: Config, server: FloServer) -> None:
    """Without tokens whoever can connect may do everything."""
    if not (config.insecure or server.access.needs_token or is_loopback(config.bind)):
        raise open_to_all(config)


class Rereading:
    """What SIGHUP asks for: a new certificate, for connections to come (open ones go on as they
    are), the keys of JWT, and the admin's token, each from where the settings say.
    """

    def __init__(self, server: FloServer, tls: ServerTls | None) -> None:
        self._server = server
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Read all of it."""
        self._server.access.read_keys_anew()
        self._read_certificate()
        if self._server.config.admin_token_file:
            task = asyncio.get_running_loop().create_task(self._read_admin_token())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _read_certificate(self) -> None:
        if self._tls is None:
            log.info("SIGHUP: there is no certificate to reload")
            return
        try:
            self._tls.reload()
            self._server.reread_certificate()
        except ConfigError as error:
            log.error(
                "SIGHUP: the certificate was not reloaded, the one before stays in use: %s", error
            )
        else:
            log.info("SIGHUP: the certificate was reloaded")

    async def _read_admin_token(self) -> None:
        try:
            await self._server.adopt_admin_token()
        except ConfigError as error:
            log.error(
                "SIGHUP: the admin's token was not reloaded, the one before stays in use: %s", error
            )
        else:
            log.info("SIGHUP: the admin's token was reloaded")


def _end_at_once(error: BaseException) -> None:
    """After a failed write or sync nothing can be told for sure: end, and let recovery decide."""
    logging.shutdown()
    os._exit(EXIT_STORE_FAILED)
