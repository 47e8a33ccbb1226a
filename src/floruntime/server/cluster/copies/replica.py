"""A copy of a partition on this node: a store that follows the log, and runs no engine.

Batches are written as their leader wrote them. Those of one read go together, with the position of
the last, in one write. The store is never synced explicitly: what it lost in a crash, it reads from
the log again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator

from floruntime.engine.store import Changes, Store
from floruntime.engine.store.errors import StoreError
from floruntime.server.cluster.board.board import BoardSilentError
from floruntime.server.cluster.log.gathered import Gathered
from floruntime.server.cluster.log.log import Log, LogSilentError, Stored
from floruntime.server.cluster.log.message import (
    CHAIN_START,
    HISTORY_SEQUENCES,
    POSITION_KEY,
    DamagedLogError,
    Head,
    Message,
    Position,
    chained,
    decode_changes,
    decode_message,
)
from floruntime.server.cluster.log.position import encode_position, position_in
from floruntime.server.ending import end_tasks

log = logging.getLogger("floruntime.cluster")

LOOK_S = 1.0
"""How often the log is looked at where no hint came."""
PAUSE_S = 0.03
"""What comes within so long after a read waits for the next: a read costs as much processor time as
the batch that it finds. A log to which little is written is read at once.
"""
HURRY_S = 0.02
"""How soon again where a hint told of more than the log showed: a copy of it may lag behind."""
HURRIES_MAX = 25
TAKEN_BYTES = 512 * 1024
"""So much of what was read together is checked and written at once: it takes some milliseconds."""
RECOVER = "`flo cluster recover PARTITION NODE` continues from a node's copy, as a new history"


class TooFarBehindError(Exception):
    """The log no longer has what follows this store."""


class Replica:
    """Writes what `log` has into `store`, for as long as the log grows.

    It calls `on_applied` after each piece that it has written, `load` to fill a store that is too
    far behind, and `on_fatal` when the store fails. `told_reach` gives the furthest reach that any
    copy of the partition has reported.
    """

    def __init__(
        self,
        partition: int,
        store: Store,
        log: Log,
        *,
        on_applied: Callable[[], None] = lambda: None,
        load: Callable[[Replica], Awaitable[None]] | None = None,
        on_fatal: Callable[[BaseException], None] = lambda error: None,
        told_reach: Callable[[], int] = lambda: 0,
    ) -> None:
        self.partition = partition
        self.store = store
        self.log = log
        self._on_applied = on_applied
        self._load_checkpoint = load
        self._on_fatal = on_fatal
        self._told_reach = told_reach
        self.position = position_in(store)
        self._parts: list[bytes] = []
        self._part_chain = self.position.chain
        self._part_sequence = self.position.sequence
        self._news = asyncio.Event()
        #: The greatest sequence that a hint has named.
        self.hinted = 0
        #: Whether this node leads: then only its leader writes into the store.
        self.is_held = False
        #: Why this copy does not follow the log any more; empty while it follows.
        self.trouble = ""
        #: Whether the store is open, and has not diverged from the log.
        self.may_be_read = True
        #: Whether a checkpoint is about to replace the store.
        self.is_loading = False
        #: Whether the state began again on another node: then a checkpoint must replace this store.
        self.is_given_up = False
        #: Whether the log was seen to have all that this store has.
        self.has_reach = not self.position.sequence
        self._following: asyncio.Task[None] | None = None
        #: When the log was read last.
        self._read_s = 0.0
        #: Held while the log is read into the store, and while another takes its place.
        self.reading = asyncio.Lock()

    def start(self) -> None:
        """Begin to follow."""
        self._news.set()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Stop following, and close the store."""
        await self.follow_no_more()
        self.store.close()

    async def follow_no_more(self) -> None:
        """Stop following: nothing is written into the store from now on."""
        await end_tasks([self._following])

    def hint(self, sequence: int) -> None:
        """Note that the log has reached this sequence, so that it is read soon."""
        if sequence > self.hinted:
            self.hinted = sequence
            self._news.set()

    def moved(self, position: Position) -> None:
        """Note that the leader on this node has written up to this position."""
        self.position = position
        self._part_chain, self._part_sequence = position.chain, position.sequence
        self._on_applied()

    @property
    def end(self) -> tuple[int, bytes]:
        """The sequence and the checksum of the last message that was read."""
        return self._part_sequence, self._part_chain

    def begin_at(self, position: Position) -> None:
        """Note that this node's own term has begun at this position."""
        self._parts.clear()
        self.trouble = ""
        self.may_be_read, self.is_given_up = True, False
        self.store.write(Changes({POSITION_KEY: encode_position(position)}, []))
        self.moved(position)

    def let_go(self) -> None:
        """Follow the log again, because the leader on this node has stopped writing."""
        self.is_held = False
        self._parts.clear()
        self._part_chain, self._part_sequence = self.position.chain, self.position.sequence
        self._news.set()

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            if (left_s := self._read_s + PAUSE_S - time.monotonic()) > 0:
                await asyncio.sleep(left_s)
            self._news.clear()
            if not self.is_held:
                self._read_s = time.monotonic()
                try:
                    await self._follow_once()
                except StoreError as error:
                    self._on_fatal(error)
                    return
                except Exception as error:  # a bug, or an unexpected answer: the next may succeed
                    log.exception("partition %d: its copy cannot follow the log", self.partition)
                    self.trouble = f"{type(error).__name__}: {error}"

    async def _follow_once(self) -> None:
        if self.is_given_up:
            await self._load("its state was replaced by that of another node")
            return
        try:
            await self.check_reach()
            for _ in range(HURRIES_MAX):
                is_told = self.hinted > self._part_sequence
                await self.read_on(up_to=self.hinted if is_told else 0)
                if self.position.sequence >= self.hinted or self.is_held:
                    break
                await asyncio.sleep(HURRY_S)
            await self.check_told()
            self.trouble = ""
            self.may_be_read = True
        except LogSilentError as error:
            self._tell(str(error))
        except TooFarBehindError as error:
            log.info("partition %d: %s", self.partition, error)
            await self._load(str(error))
        except DamagedLogError as error:
            self.may_be_read = False
            self._tell(str(error))
            await asyncio.sleep(LOOK_S)

    async def check_reach(self) -> None:
        """Check that the log has all that this store has. Raises `DamagedLogError`."""
        if self.has_reach:
            return
        own = self.position
        last = (await self.log.ends()).last
        if last < own.sequence:
            raise DamagedLogError(
                f"this node has message {own.sequence}, but the log ends at {last}: NATS "
                f"was set back, and has lost messages that it had acknowledged; {RECOVER}"
            )
        body = await self.log.at(own.sequence)  # nothing where it is dropped by now
        if body is not None and decode_message(body).chain != own.chain:
            raise DamagedLogError(
                f"message {own.sequence} of the log differs from this node's: NATS was set "
                f"back, and another node has written since; {RECOVER}"
            )
        self.has_reach = True

    async def check_reach_again(self) -> None:
        """The same check, also if an earlier one has succeeded."""
        self.has_reach = False
        await self.check_reach()

    async def check_told(self) -> None:
        """Check that the log has all that other copies have reported. Otherwise a copy that is
        behind, or empty, would lead what is left of the log. Raises `DamagedLogError`.
        """
        history, sequence = divmod(self._told_reach(), HISTORY_SEQUENCES)
        if history != self.position.history or sequence <= self._part_sequence:
            return
        last = (await self.log.ends()).last
        if last < sequence:
            raise DamagedLogError(
                f"another node has message {sequence}, but the log ends at {last}: NATS was "
                f"set back, and has lost messages that it had acknowledged; {RECOVER}"
            )

    async def _load(self, reason: str) -> None:
        """Begin again from a checkpoint, because the log lacks what follows this store."""
        if self._load_checkpoint is None or self.is_held:
            return
        self.trouble = "it is loading a checkpoint"
        self.may_be_read, self.is_loading = False, True
        try:
            await self._load_checkpoint(self)
            return
        except (DamagedLogError, LogSilentError, BoardSilentError) as error:
            self._tell(f"{reason}, and {error}; {RECOVER}")
        finally:
            self.is_loading = False
        await asyncio.sleep(LOOK_S)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("partition %d: its copy cannot follow the log: %s", self.partition, trouble)
        self.trouble = trouble

    async def catch_up(self) -> None:
        """Read to the present end of the log, as the log's leader knows it, unless this node leads.
        Raises `LogSilentError` if the reads reach only a copy of the log that lags behind.
        """
        if self.is_held:
            return
        last = (await self.log.ends()).last
        for _ in range(HURRIES_MAX):
            await self.read_on()
            if self.is_held or self._part_sequence >= last:
                return
            await asyncio.sleep(HURRY_S)
        raise LogSilentError(f"the log could be read up to message {self._part_sequence} of {last}")

    async def read_on(self, *, leads: bool = False, up_to: int = 0) -> None:
        """Read to where the log seems to end, or up to the message `up_to`. `leads`: this node's
        leader asks for it.
        """
        async with self.reading:
            while self.is_held is leads:
                found = await self.log.after(self._part_sequence)
                for some in _in_slices(found):
                    if self.is_held is not leads:
                        return
                    self._take(some)
                    self._on_applied()
                    await asyncio.sleep(0)  # let requests of this node's clients run in between
                if not found or 0 < up_to <= self._part_sequence:
                    return

    def _take(self, found: list[Stored]) -> None:
        gathered = Gathered(self.store, self.position)
        try:
            for sequence, body in found:
                if sequence <= self._part_sequence:
                    continue
                if sequence != self._part_sequence + 1:
                    raise TooFarBehindError(
                        f"the log begins at message {sequence}, but this node has come only "
                        f"to {self._part_sequence}; only a checkpoint has what lies between"
                    )
                self._take_one(sequence, decode_message(body), gathered)
        finally:  # batches before an invalid message are good, so they are written
            gathered.write()
            self.position = gathered.position

    def _take_one(self, sequence: int, message: Message, gathered: Gathered) -> None:
        head = message.head
        if chained(self._part_chain, head, message.content) != message.chain:
            raise DamagedLogError(
                f"message {sequence} of the log does not follow what this node has: the log was "
                f"set back, or it is of another cluster; {RECOVER}"
            )
        if head.is_term and message.content:
            raise TooFarBehindError(
                f"from message {sequence} on the state is a new one, which only a checkpoint has"
            )
        self._part_chain, self._part_sequence = message.chain, sequence
        if head.part == 0:
            self._parts.clear()
        if not head.is_term:
            if head.part != len(self._parts):
                self._parts.clear()
                return
            self._parts.append(message.content)
        if head.is_term or head.is_last:
            self._gather(sequence, head, message.chain, gathered)

    def _gather(self, sequence: int, head: Head, chain: bytes, gathered: Gathered) -> None:
        changes = Changes({}, [])
        if self._parts and not head.is_term:
            changes = decode_changes(b"".join(self._parts))
        self._parts.clear()
        history = self.position.history
        position = Position(
            sequence, head.term, chain, head.time_ms, head.format, head.node, history
        )
        gathered.add(changes, position)

    def start_anew(self, store: Store) -> None:
        """Go on with `store`, which was filled from a checkpoint and replaces the one before."""
        self.store = store
        self.position = position_in(store)
        self._parts.clear()
        self._part_chain, self._part_sequence = self.position.chain, self.position.sequence
        self.trouble = ""
        self.is_given_up = False
        self.has_reach = False
        self._news.set()
        self._on_applied()

    def give_up(self) -> None:
        """Let a checkpoint replace this store, because the state began again on another node."""
        self.is_given_up = True
        self._news.set()

    async def end_of_log(self) -> tuple[int, bytes, int]:
        """The last sequence of the log, its checksum and its term, however far this store is."""
        last = (await self.log.ends()).last
        body = await self.log.at(last) if last else None
        if body is None:
            return last, CHAIN_START, 0
        message = decode_message(body)
        return last, message.chain, message.head.term


def _in_slices(found: list[Stored]) -> Iterator[list[Stored]]:
    """What was read, in slices of limited size; a larger message is a slice of its own."""
    some: list[Stored] = []
    some_bytes = 0
    for stored in found:
        if some and some_bytes + len(stored.body) > TAKEN_BYTES:
            yield some
            some, some_bytes = [], 0
        some.append(stored)
        some_bytes += len(stored.body)
    if some:
        yield some
