"""`key_shared` groups: 256 slots of keys, each with one consumer at a time.

Which member should have a slot is a pure function of the live members (rendezvous hashing: each
member has a score for each slot, and the highest score gets it). So little moves when a member
joins or leaves. A slot moves only when its owner holds nothing of it, or is lost. Records without a
key are assigned by their id.
"""

from __future__ import annotations

import functools
import hashlib
import zlib

import msgspec

from floruntime.core import limits
from floruntime.engine.stream.group.live_members import swept_members
from floruntime.engine.stream.group.rows import (
    PARKED,
    SLOTS,
    OpenGroup,
    PendingRecordRow,
    Slot,
    SlotsRow,
)
from floruntime.engine.stream.rows import Id, RecordRow

SLOT_COUNT = 256


def slot_of(id: Id, row: RecordRow) -> int:
    """The slot of a record: CRC-32 of its partition key, or of its id where it has none."""
    key = row.partition_key if row.partition_key is not None else f"{id[0]}-{id[1]}"
    return zlib.crc32(key.encode()) % SLOT_COUNT


@functools.lru_cache(maxsize=256)
def wanted_owners(members: tuple[str, ...]) -> tuple[str, ...]:
    """For each slot the member that should have it."""
    return tuple(
        max(members, key=lambda name: (_score(slot, name), name)) for slot in range(SLOT_COUNT)
    )


def slots_of(opened: OpenGroup) -> SlotBook:
    """The slots of an open group, saved with it."""
    if opened.slots is None:
        opened.slots = SlotBook(opened)
    assert isinstance(opened.slots, SlotBook)
    return opened.slots


def _score(slot: int, name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8, salt=slot.to_bytes(2, "big")).digest()


class SlotBook:
    """The slots of a group as one command finds and changes them; `save` writes what changed."""

    def __init__(self, opened: OpenGroup) -> None:
        self._opened = opened
        self._members = swept_members(opened.tx, opened.group)
        self._stored = opened.tx.get(SLOTS, SLOTS.key(opened.group.id)) or SlotsRow()
        self._slots = dict(self._stored.slots)

    def is_of(self, slot: int, consumer: str) -> bool:
        """Whether `consumer` has the slot, after moving it if it should and may move."""
        return self._settle_owner(slot).owner == consumer

    def _settle_owner(self, slot: int) -> Slot:
        found = self._slots.get(slot)
        wanted = wanted_owners(self._members)[slot] if self._members else ""
        if found is None:
            found = self._slots[slot] = Slot(wanted)
        elif found.owner != wanted and (not found.held or found.owner not in self._members):
            found = self._slots[slot] = Slot(wanted, found.epoch + 1, 0, found.parked)
        return found

    def hold(self, slot: int) -> int:
        """Count one more record of the slot as held by its owner; the epoch it is held in."""
        found = self._slots[slot]
        self._change(slot, held=found.held + 1)
        return found.epoch

    def let_go(self, pending: PendingRecordRow) -> None:
        """Count one record less, if it was handed out under the slot's present owner."""
        found = self._slots.get(pending.slot)
        if found is None or found.epoch != pending.epoch or not found.held:
            return
        self._change(pending.slot, held=found.held - 1)
        if (
            found.held == 1
            and self._members
            and wanted_owners(self._members)[pending.slot] != found.owner
        ):
            self._opened.touch()  # the slot may move now, and its next owner be waiting

    def _change(self, slot: int, **fields: int) -> None:
        self._slots[slot] = msgspec.structs.replace(self._slots[slot], **fields)

    def parked_of(self, consumer: str) -> list[int]:
        """The slots of `consumer` that have parked records."""
        return [
            slot
            for slot, found in sorted(self._slots.items())
            if found.parked and self.is_of(slot, consumer)
        ]

    def has_parked(self, slot: int) -> bool:
        """Whether records of the slot are parked: later ones must not pass them."""
        return self._slots[slot].parked > 0

    def park(self, slot: int, id: Id) -> bool:
        """Keep a record for the slot's owner. Answers whether there was room."""
        opened = self._opened
        if opened.state.parked >= limits.GROUP_PARKED_MAX:
            return False
        opened.tx.put(PARKED, PARKED.key(opened.group.id, slot, *id), 1)
        opened.state.parked += 1
        self._change(slot, parked=self._slots[slot].parked + 1)
        return True

    def unpark(self, slot: int, id: Id) -> None:
        """The record is delivered, or no longer kept."""
        opened = self._opened
        opened.tx.delete(PARKED, PARKED.key(opened.group.id, slot, *id))
        opened.state.parked -= 1
        self._change(slot, parked=self._slots[slot].parked - 1)

    def save(self) -> None:
        """Write the slots if they changed."""
        if self._slots != self._stored.slots:
            opened = self._opened
            opened.tx.put(SLOTS, SLOTS.key(opened.group.id), SlotsRow(self._slots))
