"""NATS: the logs, the board and the hints of a cluster, over one connection of `nats-py`.

This module and `jetstream_objects.py` are the only ones that know NATS; they are loaded only if
`cluster` is set. Logs are read by batched direct gets, from any replica. Questions whose answer
decides something go to the stream's leader.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import logging
import random
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError

from floruntime.server.cluster.board.board import BoardSilentError, Entry, RevisionError
from floruntime.server.cluster.log.log import Ends, LogRefusedError, LogSilentError, Stored
from floruntime.server.cluster.nats.closing import give_up
from floruntime.server.config import Config, ConfigError
from floruntime.server.ending import heeding

log = logging.getLogger("floruntime.cluster")

OLDEST_VERSION = (2, 11)
CONNECT_S = 5
ANSWER_S = 2.0
"""How long an answer of NATS is waited for."""
READ_MESSAGES_MAX = 256
READ_BYTES_MAX = 4 * 1024 * 1024
"""How much of a log one read fetches."""
WRONG_LAST = {10071, 10164}
NAME_IN_USE = 10058
NOT_FOUND = {10037, 10059}


SERVER_FAULT = 500
"""Codes of errors from here on are NATS's own, as in HTTP."""
NOBODY = 503
SAID_MAX = 8
"""So many different problems of the connection are said once each, until it is back."""
SYNC_SUBJECT = "$SYS.REQ.SERVER.PING.JSZ"
SYNC_S = 1.0
"""How long servers have to say when they sync."""
CLUSTER_KEY = "flo-cluster"
"""Under which a stream's metadata name the cluster that it is of."""
_OURS = ("subjects", "retention", "storage", "max_age")


class _Reading(NamedTuple):
    """A read that is under way: what it has found, and its final status."""

    found: list[Any]
    done: asyncio.Future[int]


class NatsFailedError(Exception):
    """NATS refused something that a cluster cannot do without."""


class Nats:
    """One connection to NATS, which reconnects automatically."""

    def __init__(self, client: Client, prefix: str, said: list[str]) -> None:
        self._client = client
        self.prefix = prefix
        self._said = said
        #: Why JetStream refused the last request; empty if it accepted the request.
        self.refusal = ""
        self._inbox = ""
        self._numbers = itertools.count()
        self._readings: dict[str, _Reading] = {}

    @classmethod
    async def connect(cls, config: Config) -> Nats:
        """Connect to the servers in `cluster`. Raises `ConfigError` if none can be used."""
        servers = [each.strip() for each in config.cluster.split(",") if each.strip()]
        random.shuffle(servers)  # spreads the nodes over the servers; reconnects try each in turn
        options = _of_files(config)
        client = Client()
        said: list[str] = []

        async def say(error: Exception) -> None:
            text = str(error) or type(error).__name__
            if text in said:
                said.remove(text)
            else:
                log.info("NATS: %s", text)
            said.append(text)
            del said[:-SAID_MAX]

        async def forget() -> None:
            said.clear()

        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    servers,
                    dont_randomize=True,
                    name=f"flo {config.node}",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.2,
                    connect_timeout=2,
                    ping_interval=2,
                    max_outstanding_pings=2,
                    allow_reconnect=True,
                    error_cb=say,
                    reconnected_cb=forget,
                    **options,
                )
                nats = cls(client, config.cluster_name, said)
                await nats._listen()
        except Exception as error:  # nats-py raises anything if the server is not NATS
            await give_up(client)
            reason = (said or [str(error) or type(error).__name__])[-1]
            raise ConfigError(f"cluster is {config.cluster!r}: no NATS answers: {reason}") from None
        return nats

    async def close(self) -> None:
        """Close the connection, also if the server has gone."""
        await give_up(self._client)

    async def go_elsewhere(self) -> None:
        """Connect to the next of the servers in `cluster`, if there are several."""
        if len(self._client.servers) > 1 and self.is_connected:
            log.warning("the NATS server at %s cannot be used; trying another one", self._at)
            await self._client.force_reconnect()

    @property
    def _at(self) -> str:
        url = self._client.connected_url
        return "" if url is None else f"{url.hostname}:{url.port}"

    @property
    def is_connected(self) -> bool:
        """Whether a server of NATS is connected."""
        return bool(self._client.is_connected)

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended permanently, for example after credentials expired."""
        return bool(self._client.is_closed)

    @property
    def problem(self) -> str:
        """What went wrong last since the connection was made."""
        return self._said[-1] if self._said else ""

    @property
    def version(self) -> str:
        """The version of the connected server."""
        found = self._client.connected_server_version
        return f"{found.major}.{found.minor}.{found.patch}"

    @property
    def message_bytes_max(self) -> int:
        """How large one message may be."""
        return int(self._client.max_payload)

    def check_version(self) -> None:
        """Raise `ConfigError` if NATS is too old."""
        found = self._client.connected_server_version
        if (found.major, found.minor) < OLDEST_VERSION:
            raise ConfigError(
                f"NATS is of version {self.version}; Flo needs "
                f"{'.'.join(map(str, OLDEST_VERSION))} or newer"
            )

    async def ask(self, subject: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
        """Send one request, and return its JSON answer. Raises `LogSilentError`."""
        try:
            answer = await heeding(
                self._client.request(subject, body, timeout=ANSWER_S, headers=headers)
            )
            return self._noted(json.loads(answer.data) if answer.data else {})
        except (NatsError, OSError, ValueError) as error:
            raise LogSilentError(f"NATS: {str(error) or type(error).__name__}") from None

    def _noted(self, answer: Any) -> Any:
        """Return `answer`, and keep what it says of JetStream's state."""
        error = answer.get("error")
        if error is None:
            self.refusal = ""
        elif error.get("code", 0) >= SERVER_FAULT:
            self.refusal = str(error.get("description"))
        return answer

    async def api(self, what: str, **request: Any) -> dict[str, Any]:
        """Send one request to JetStream's API. Raises `LogSilentError`."""
        answer: dict[str, Any] = await self.ask(f"$JS.API.{what}", json.dumps(request).encode())
        return answer

    async def make_stream(self, name: str, subject: str, replicas: int, **more: Any) -> None:
        """Make a stream if it does not exist.

        Raises `NatsFailedError` if it cannot be made, or belongs to something else.
        """
        wanted: dict[str, Any] = {
            "name": name,
            "subjects": [subject],
            "retention": "limits",
            "storage": "file",
            "num_replicas": replicas,
            "allow_direct": True,
            "discard": "new",
            "deny_delete": True,
            "max_age": 0,
        } | more
        error: Any = None
        for _ in range(60):
            try:
                found = await self.api(f"STREAM.INFO.{name}")
                if "config" in found:
                    _check_ours(name, found["config"], wanted)
                    return
                answer = await self.api(f"STREAM.CREATE.{name}", **wanted)
            except LogSilentError as silent:
                error = str(silent)
            else:
                if "error" not in answer:
                    return
                error = answer["error"].get("description")
                if answer["error"].get("err_code") == NAME_IN_USE:
                    continue  # another node was faster, perhaps with other settings: check them
                if answer["error"].get("code") != 503 and "no suitable peers" not in str(error):
                    break
            await asyncio.sleep(0.5)
        hint = (
            "" if replicas == 1 else "; a single server of NATS needs replicas = 1 (--replicas 1)"
        )
        raise NatsFailedError(
            f"the stream {name} cannot be made with {replicas} replicas: {error}{hint}"
        )

    async def sync_intervals(self) -> dict[str, float]:
        """By server of NATS, how many seconds after an acknowledgement it syncs; 0: before it.

        Empty if the account may not ask: it must import `SYNC_SUBJECT` from the system account.
        """
        inbox = self._client.new_inbox()
        found: dict[str, float] = {}

        async def take(message: Any) -> None:
            try:
                answer = json.loads(message.data)
                config = answer["data"]["config"]
                is_always = bool(config.get("sync_always"))
                every_s = config.get("sync_interval", 0) / 1e9
                found[str(answer["server"]["name"])] = 0.0 if is_always else every_s
            except (ValueError, KeyError, TypeError):
                pass  # no server answers, or this one has no JetStream

        try:
            subscription = await self._client.subscribe(inbox, cb=take)
            try:
                await self._client.publish(SYNC_SUBJECT, b"", reply=inbox)
                await asyncio.sleep(SYNC_S)
            finally:
                await subscription.unsubscribe()
        except (NatsError, OSError) as error:
            log.debug("cannot find out when NATS syncs: %s", error)
        return found

    async def _listen(self) -> None:
        """Make the one subscription that receives the answers of all reads."""
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._take_answer)

    async def _take_answer(self, message: Any) -> None:
        reading = self._readings.get(message.subject)
        status = (message.headers or {}).get("Status")
        if reading is None:
            return  # the read has timed out
        if status is None:
            reading.found.append(message)
        elif not reading.done.done():
            reading.done.set_result(int(status))

    async def direct_get(self, stream: str, **request: Any) -> list[Any]:
        """Read messages of a stream by batched direct get. Raises `LogSilentError`."""
        reading = _Reading([], asyncio.get_running_loop().create_future())
        inbox = f"{self._inbox}.{next(self._numbers)}"
        self._readings[inbox] = reading
        try:
            body = json.dumps(request).encode()
            await self._client.publish(f"$JS.API.DIRECT.GET.{stream}", body, reply=inbox)
            async with asyncio.timeout(ANSWER_S):
                status = await reading.done
        except (NatsError, OSError, TimeoutError) as error:
            raise LogSilentError(f"NATS: {str(error) or type(error).__name__}") from None
        finally:
            del self._readings[inbox]
        if status == NOBODY:
            raise LogSilentError(
                f"no server of NATS answers for the stream {stream}: it was deleted, or it "
                "lacks a majority of its servers"
            )
        if status not in (204, 404):
            raise LogSilentError(f"NATS: a read of {stream} ended with status {status}")
        return reading.found

    def jetstream(self) -> Any:
        """The context of `nats-py`."""
        return self._client.jetstream(timeout=ANSWER_S)

    # Hints, which may get lost

    async def hear(self, name: str, told: Callable[[str, bytes], None]) -> None:
        """Call `told` with the rest of the name and the body of each hint below `name`."""
        start = f"{self.prefix}.hint.{name}."

        async def take(message: Any) -> None:
            told(message.subject.removeprefix(start), message.data)

        await self._client.subscribe(start + "*", cb=take)

    async def hint(self, name: str, body: bytes) -> None:
        """Send a hint to all nodes that listen now."""
        try:
            await self._client.publish(f"{self.prefix}.hint.{name}", body)
        except (NatsError, OSError):
            log.debug("a hint was lost: %s", name)


def _check_ours(name: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise `NatsFailedError` if a stream of that name belongs to something else."""
    other = next((key for key in _OURS if found.get(key) != wanted[key]), None)
    if other is not None:
        raise NatsFailedError(
            f"the stream {name} exists and is not one of Flo's ({other} is "
            f"{found.get(other)!r} and not {wanted[other]!r}); choose another cluster_name, "
            "or delete the stream"
        )
    theirs = (found.get("metadata") or {}).get(CLUSTER_KEY)
    ours = (wanted.get("metadata") or {}).get(CLUSTER_KEY)
    if theirs and ours and theirs != ours:
        raise NatsFailedError(
            f"the stream {name} belongs to another cluster ({theirs}; this one is {ours}). "
            "The bucket that names the cluster was lost or replaced; choose another "
            "cluster_name"
        )


class JetStreamLog:
    """The log of one partition."""

    def __init__(self, nats: Nats, partition: int) -> None:
        self._nats = nats
        self.stream = f"{nats.prefix}-{partition}"
        self.subject = f"{nats.prefix}.log.{partition}"

    @property
    def message_bytes_max(self) -> int:
        return self._nats.message_bytes_max

    async def make(self, replicas: int, cluster_id: str) -> None:
        """Make the stream, if it is not there."""
        owner = {CLUSTER_KEY: cluster_id}
        await self._nats.make_stream(self.stream, self.subject, replicas, metadata=owner)

    async def messages(self) -> int:
        """How many messages the stream has; 0 if there is no stream."""
        answer = await self._nats.api(f"STREAM.INFO.{self.stream}")
        if "state" in answer:
            return int(answer["state"]["messages"])
        if answer.get("error", {}).get("code") == 404:
            return 0
        raise LogSilentError(f"NATS: {answer.get('error')}")

    async def append(self, body: bytes, expected: int) -> None:
        headers = {
            "Nats-Expected-Last-Sequence": str(expected),
            "Nats-Expected-Stream": self.stream,
        }
        answer = await self._nats.ask(self.subject, body, headers)
        error = answer.get("error")
        if error is None and answer.get("seq") == expected + 1:
            return
        if error is not None and error.get("err_code") in WRONG_LAST:
            raise LogRefusedError
        raise LogSilentError(f"NATS did not take a message: {error or answer}")

    async def at(self, sequence: int) -> bytes | None:
        answer = await self._nats.api(f"STREAM.MSG.GET.{self.stream}", seq=sequence)
        error = answer.get("error")
        if error is None:
            return base64.b64decode(answer["message"].get("data", ""))
        if error.get("err_code") in NOT_FOUND:
            return None
        raise LogSilentError(f"NATS: {error}")

    async def after(self, sequence: int) -> list[Stored]:
        found = await self._nats.direct_get(
            self.stream, seq=sequence + 1, batch=READ_MESSAGES_MAX, max_bytes=READ_BYTES_MAX
        )
        return [Stored(int(each.headers["Nats-Sequence"]), each.data) for each in found]

    async def ends(self) -> Ends:
        answer = await self._nats.api(f"STREAM.INFO.{self.stream}")
        if "state" not in answer:
            raise LogSilentError(f"NATS: {answer.get('error')}")
        state = answer["state"]
        return Ends(int(state["first_seq"]), int(state["last_seq"]))

    async def trim(self, up_to: int) -> None:
        """Delete the messages up to and including this sequence."""
        answer = await self._nats.api(f"STREAM.PURGE.{self.stream}", seq=up_to + 1)
        if "error" in answer:
            raise LogSilentError(f"NATS: {answer['error']}")


class JetStreamBoard:
    """The board, as a bucket of JetStream's key-value store."""

    def __init__(self, nats: Nats) -> None:
        self._nats = nats
        self._bucket = f"{nats.prefix}-board"
        self._stream = f"KV_{self._bucket}"
        self._start = f"$KV.{self._bucket}."

    async def make(self, replicas: int) -> None:
        """Make the bucket, if it is not there."""
        await self._nats.make_stream(
            self._stream,
            f"{self._start}>",
            replicas,
            max_msgs_per_subject=1,
            deny_delete=True,
            allow_rollup_hdrs=True,
        )

    async def read_all(self) -> dict[str, Entry]:
        try:
            found = await self._nats.direct_get(self._stream, multi_last=[f"{self._start}>"])
        except LogSilentError as error:
            raise BoardSilentError(str(error)) from None
        return {
            each.headers["Nats-Subject"].removeprefix(self._start): Entry(
                int(each.headers["Nats-Sequence"]), each.data
            )
            for each in found
            if "KV-Operation" not in each.headers
        }

    async def read(self, name: str) -> Entry | None:
        try:
            answer = await self._nats.api(
                f"STREAM.MSG.GET.{self._stream}", last_by_subj=self._start + name
            )
        except LogSilentError as silent:
            raise BoardSilentError(str(silent)) from None
        error = answer.get("error")
        if error is None:
            message = answer["message"]
            return Entry(int(message["seq"]), base64.b64decode(message.get("data", "")))
        if error.get("err_code") in NOT_FOUND:
            return None
        raise BoardSilentError(f"NATS: {error}")

    async def write(self, name: str, value: bytes, revision: int | None) -> int:
        headers = None
        if revision is not None:
            headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        try:
            answer = await self._nats.ask(self._start + name, value, headers)
        except LogSilentError as silent:
            raise BoardSilentError(str(silent)) from None
        error = answer.get("error")
        if error is None:
            return int(answer["seq"])
        if error.get("err_code") in WRONG_LAST:
            raise RevisionError(name)
        raise BoardSilentError(f"NATS: {error.get('description') or error}")


def _of_files(config: Config) -> dict[str, Any]:
    """The files of the settings, as nats-py takes them. Raises `ConfigError` if one is bad."""
    options: dict[str, Any] = {}
    name = "nats_creds"
    try:
        if config.nats_creds:
            with open(config.nats_creds, "rb"):
                options["user_credentials"] = config.nats_creds
        name = "nats_ca"
        if config.nats_ca:
            options["tls"] = ssl.create_default_context(cafile=config.nats_ca)
    except OSError as error:  # `SSLError`, for a file that is no certificate, is one too
        reason = error.strerror or str(error)
        raise ConfigError(f"{name} {getattr(config, name)} cannot be used: {reason}") from None
    return options
