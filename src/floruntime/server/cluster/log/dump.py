"""Writes all rows of a store to a compressed file, and reads them back, for checkpoints.

dump  = frame*
frame = length (u32, little-endian) zlib(MessagePack([[key, value], ...]))
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from floruntime.engine.store import Changes, Reader, Store
from floruntime.server.cluster.log.message import DamagedLogError

FRAME_BYTES = 1024 * 1024
"""How much of keys and values goes into one frame."""
FRAME_ROWS_MAX = 10_000
LEVEL = 1
END = b"\xff" * 3
"""Behind every key: tags are two letters."""
_LENGTH = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode


def write_dump(reader: Reader, file: BinaryIO) -> bytes:
    """Write all rows; the digest of what was written."""
    digest = hashlib.blake2b(digest_size=32)
    for rows in _pieces(reader):
        body = zlib.compress(_encode(rows), LEVEL)
        frame = _LENGTH.pack(len(body)) + body
        digest.update(frame)
        file.write(frame)
    file.flush()
    return digest.digest()


def _pieces(reader: Reader) -> Iterator[list[tuple[bytes, bytes]]]:
    rows: list[tuple[bytes, bytes]] = []
    size_bytes = 0
    for key, value in reader.scan(b"", END):
        rows.append((key, value))
        size_bytes += len(key) + len(value)
        if size_bytes >= FRAME_BYTES or len(rows) >= FRAME_ROWS_MAX:
            yield rows
            rows, size_bytes = [], 0
    if rows:
        yield rows


def digest_of(file: BinaryIO) -> bytes:
    """Of a whole file, from where it stands."""
    digest = hashlib.blake2b(digest_size=32)
    while piece := file.read(FRAME_BYTES):
        digest.update(piece)
    return digest.digest()


def read_dump(file: BinaryIO, store: Store) -> None:
    """Put all rows into an empty store. Raises `DamagedLogError`."""
    while head := file.read(_LENGTH.size):
        try:
            (size,) = _LENGTH.unpack(head)
            body = file.read(size)
            if len(body) != size:
                raise ValueError("it is cut off")
            rows = _decode(zlib.decompress(body))
        except (struct.error, ValueError, zlib.error, msgspec.DecodeError) as error:
            raise DamagedLogError(f"a checkpoint cannot be read: {error}") from None
        store.write(Changes(dict(rows), []))
