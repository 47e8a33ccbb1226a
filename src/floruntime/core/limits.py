"""Every limit, with its unit, and the checks that enforce it.

A check returns what its caller needs next (the UTF-8 bytes of a name, or the number itself), so
that checking causes no extra work. A refusal names the field, the value and what would be right.
"""

from __future__ import annotations

import re

from floruntime.core import defaults
from floruntime.core.errors import BadRequestError, BadTypeError
from floruntime.core.trace import is_traceparent

KIB = 1024
MIB = 1024 * KIB

NAME_BYTES_MAX = 255
NAMESPACE_CHARS_MAX = 63
KEY_BYTES_MAX = 4096
VALUE_BYTES_DEFAULT = 1 * MIB
VALUE_BYTES_CEILING = 16 * MIB
ERROR_TEXT_BYTES_MAX = 4 * KIB
HEADERS_MAX = 64
HEADERS_BYTES_MAX = 16 * KIB

BLOCK_MS_MAX = 300_000
DURATION_MS_MAX = 10 * 365 * 24 * 3600 * 1000
"""Ten years: the longest TTL, delay, lease or retention."""

LIMIT_MAX = 1000
HISTORY_LIMIT_MAX = 64
MGET_KEYS_MAX = 256
MANY_MAX = 1000
"""Payloads of one `enqueue_many` or `append_many`; seqs or ids of one ack, nack or touch."""
BATCH_COMMANDS_MAX = 1000
BATCH_BYTES_MAX = 4 * MIB
BATCH_ITEMS_MAX = 10_000
"""Payloads, seqs and ids of all commands of one batch: nothing else runs while it is applied."""
BATCH_DOCUMENTS_BYTES_MAX = 2 * MIB
"""JSON documents that one batch reads and writes again; one at least is always allowed."""
REPLY_BYTES_MAX = 4 * MIB
"""A page or delivery stops early (with at least one item) when its payloads reach this size."""

PRIORITY_MAX = 65_535
PRIORITY_DEFAULT = defaults.PRIORITY
ATTEMPTS_MAX = 1_000_000
PARTITIONS_MAX = 256
GROUP_MEMBERS_MAX = 1000
GROUP_PARKED_MAX = 10_000
"""Records of a `key_shared` group that were passed over and wait for their own consumers."""
GROUP_DEAD_MAX = 10_000
"""Dead letters kept per group; beyond it the oldest are deleted."""
SETTLED_MS = 300_000
"""How long the holder of a lease may repeat an ack or nack and still get `done`."""
LABELS_MAX = 64
LABELS_BYTES_MAX = 4 * KIB
WORKER_CONCURRENCY_MAX = 100_000
RETRY_DELAY_MS_MAX = 3_600_000
"""The longest delay between two attempts of a run."""
RUN_RETENTION_MS_DEFAULT = defaults.RUN_RETENTION_MS
"""How long the runs of an action are kept after they have ended."""
IDEMPOTENCY_MS = 24 * 3_600_000
"""How long an idempotency key is kept after its run has ended; no run is deleted earlier."""
SYNC_BYTES_MAX = 2 * MIB
"""The definitions of one sync together: nothing else runs while they are checked."""
SIGNALS_KEPT_MAX = 1_000
"""Signals that one workflow run keeps for later waits."""
WORKER_UNHEALTHY_MS = 90_000
WORKER_FORGET_MS = 24 * 3_600_000
"""A worker that was not heard from for this long is no longer listed."""
JOBS_MAX = 1_000
"""Jobs that a namespace keeps; a new one replaces the oldest that has ended."""
JOB_KEPT_MS = 30 * 24 * 3_600_000
"""How long a job is kept after it has ended."""
RUNS_LOOKED_AT_MAX = 1_000
"""Runs that one page of a listing with filters looks at."""
RATE_MAX = 10_000
"""Claims in one rate window of an action or of one of its keys."""
TOKENS_MAX = 10_000
TOKEN_NAMESPACES_MAX = 100
TOKEN_SCOPES_MAX = 100
MINTED_MS_MAX = 3_600_000
"""The longest that a minted token lasts."""
MINTED_CHARS_MAX = 8_192
"""The length of a minted token. It holds its scopes, and must fit into any request's head."""
MINT_KEY_MS = 24 * 3_600_000
"""How long one key signs minted tokens; it is accepted for at least as long again."""
CONSOLE_CODE_MS = 60_000
"""How long a code for the console can be used."""
CONSOLE_CODES_MAX = 20
"""Unused codes of one token at once."""
CONSOLE_SESSION_MS = 12 * 3_600_000
"""How long a session of the console lasts."""
CONSOLE_SESSIONS_MAX = 1_000
"""Sessions of one token at once."""
TOKEN_KEPT_MS = 30 * 24 * 3_600_000
"""How long a token is still listed after it has expired or was revoked."""
SYSTEM_NAMESPACE = "_system"
"""The engine's own namespace; other names begin with a letter."""
AUDIT_STREAM = "_audit"
"""The stream in which the engine records who has changed what."""
AUDIT_AGE_MS = 90 * 24 * 3_600_000
AUDIT_RECORDS_MAX = 100_000
COUNTER_MAX = 2**63 - 1
COUNTER_MIN = -(2**63)
UINT_MAX = 2**63 - 1
"""The largest count or number that any field takes."""

FRAME_BYTES_OVERHEAD = 1 * MIB
"""What a frame may hold beside one largest value: names, keys, headers, a batch's envelopes."""
ANSWER_FRAME_BYTES_MAX = 512 * MIB
"""The largest frame that a client takes from a server: an `mget` of many large values."""
ANSWER_VALUES_BYTES_MAX = ANSWER_FRAME_BYTES_MAX - 4 * MIB
"""The values of one `mget` or `history` together; beyond it the caller must ask for fewer."""

SESSION_WRITES_MAX = 1024
SESSION_BLOCK_WRITES = 16
"""Remembered writes form a ring of blocks of this many numbers; each block is one row."""
SESSION_BLOCKS = SESSION_WRITES_MAX // SESSION_BLOCK_WRITES + 1
"""The places of that ring: one more, so that the last 1,024 numbers fit wherever a block begins."""
SESSION_AGE_MS_MAX = 600_000
ONCE_KEYS_MAX = 10_000
"""`Idempotency-Key`s of one token within ten minutes."""

_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,62}")
_OUTCOME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_good_names: dict[str, bytes] = {}
_good_namespaces: set[str] = set()
_CACHE_MAX = 4096


def shown(value: object) -> str:
    """`value` as an error message shows it: at most 80 characters."""
    try:
        text = repr(value)
    except ValueError:  # it has a number with more digits than Python converts to text
        bits = value.bit_length() if isinstance(value, int) else None
        text = f"a number of {bits} bits" if bits else "too long to be shown"
    return text if len(text) <= 80 else f"{text[:77]}..."


def utf8(field: str, text: str) -> bytes:
    """The UTF-8 bytes of `text`; lone surrogates are refused."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadRequestError(f"{field} {shown(text)} is not valid Unicode text") from None
    except AttributeError:
        raise BadTypeError(f"{field} must be text, not {type(text).__name__}") from None


def check_name(field: str, name: str) -> bytes:
    """The UTF-8 bytes of a name: 1 to 255 of them, no control characters."""
    try:
        known = _good_names.get(name)
    except TypeError:  # it is unhashable, so it is not a text
        raise BadTypeError(f"{field} must be text, not {type(name).__name__}") from None
    if known is not None:
        return known
    data = utf8(field, name)
    if not 1 <= len(data) <= NAME_BYTES_MAX:
        raise BadRequestError(
            f"{field} {shown(name)} has {len(data)} bytes; 1 to {NAME_BYTES_MAX} are allowed"
        )
    if _CONTROL.search(name):
        raise BadRequestError(f"{field} {shown(name)} contains a control character")
    if len(_good_names) >= _CACHE_MAX:
        _good_names.clear()
    _good_names[name] = data
    return data


def check_namespace(name: str) -> str:
    """A namespace: 1 to 63 letters, digits, `-`, `_`, `.`, beginning with a letter."""
    if not isinstance(name, str):
        raise BadTypeError(f"namespace must be text, not {type(name).__name__}")
    if name in _good_namespaces:
        return name
    if name == SYSTEM_NAMESPACE:
        raise BadRequestError(
            f"namespace {name!r} is the engine's own; it can be read, not written"
        )
    if not _NAMESPACE.fullmatch(name):
        raise BadRequestError(
            f"namespace {shown(name)} must be 1 to {NAMESPACE_CHARS_MAX} letters, digits, '-', "
            "'_' or '.', beginning with a letter"
        )
    if len(_good_namespaces) >= _CACHE_MAX:
        _good_namespaces.clear()
    _good_namespaces.add(name)
    return name


def check_read_namespace(name: str) -> str:
    """A namespace to read from: an ordinary one, or the engine's own."""
    return name if name == SYSTEM_NAMESPACE else check_namespace(name)


def check_key(key: str) -> bytes:
    """The UTF-8 bytes of a KV key: 1 to 4,096 of them."""
    try:
        data = key.encode()
    except UnicodeEncodeError:
        data = utf8("key", key)  # raises an error that says what is wrong
    if not 1 <= len(data) <= KEY_BYTES_MAX:
        raise BadRequestError(
            f"key {shown(key)} has {len(data)} bytes; 1 to {KEY_BYTES_MAX} are allowed"
        )
    return data


def check_prefix(field: str, text: str) -> bytes:
    """The UTF-8 bytes of a key prefix: up to 4,096, perhaps none."""
    prefix = utf8(field, text)
    if len(prefix) > KEY_BYTES_MAX:
        raise BadRequestError(
            f"{field} has {len(prefix)} bytes; at most {KEY_BYTES_MAX} are allowed"
        )
    return prefix


def check_range(field: str, value: int, low: int, high: int) -> int:
    """The integer `value` if it lies in `low` to `high`, both included."""
    if type(value) is int and low <= value <= high:
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadTypeError(
            f"{field} must be a number without a fraction, not {shown(value)} "
            f"({type(value).__name__}); {low} to {high} is allowed"
        )
    if not low <= value <= high:
        raise BadRequestError(f"{field} is {shown(value)}; {low} to {high} is allowed")
    return value


def check_flag(field: str, value: bool) -> bool:
    """`value` if it is `True` or `False`."""
    if not isinstance(value, bool):
        raise BadTypeError(f"{field} must be True or False, not {shown(value)}")
    return value


def check_duration(field: str, value_ms: int, *, low: int = 0) -> int:
    """A duration in milliseconds: `low` to ten years."""
    return check_range(field, value_ms, low, DURATION_MS_MAX)


def check_limit(value: int) -> int:
    """The `limit` of a listing or read: 1 to 1,000."""
    return check_range("limit", value, 1, LIMIT_MAX)


def check_block(value_ms: int) -> int:
    """`block_ms`: 0 (do not wait) to 300,000."""
    return check_range("block_ms", value_ms, 0, BLOCK_MS_MAX)


def check_many(field: str, count: int) -> int:
    """The length of a list in one command: 1 to 1,000."""
    if not 1 <= count <= MANY_MAX:
        raise BadRequestError(f"{field} has {count} items; 1 to {MANY_MAX} are allowed")
    return count


def check_numbers(field: str, numbers: list[int], low: int) -> list[int]:
    """A list, perhaps empty, of at most 1,000 seqs or leases, none below `low`."""
    if len(numbers) > MANY_MAX:
        raise BadRequestError(f"{field} has {len(numbers)} items; at most {MANY_MAX} are allowed")
    if numbers:
        check_range(f"a number in {field}", min(numbers), low, UINT_MAX)
        check_range(f"a number in {field}", max(numbers), low, UINT_MAX)
    return numbers


def check_value(field: str, value: bytes, value_bytes_max: int) -> bytes:
    """A value or payload, up to the server's `value_bytes_max`."""
    if len(value) > value_bytes_max:
        raise BadRequestError(
            f"{field} has {len(value)} bytes; this server takes at most {value_bytes_max}",
            bytes_max=value_bytes_max,
        )
    return value


def check_text(field: str, text: str | None) -> str | None:
    """A text for people, such as an error or a reason: up to 4 KiB of UTF-8."""
    if text is not None and len(data := utf8(field, text)) > ERROR_TEXT_BYTES_MAX:
        raise BadRequestError(
            f"{field} has {len(data)} bytes; at most {ERROR_TEXT_BYTES_MAX} are allowed"
        )
    return text


def check_progress(progress: float | None) -> float | None:
    """How far something is: a number from 0 to 1."""
    if progress is None:
        return None
    if isinstance(progress, bool) or not isinstance(progress, (int, float)):
        raise BadTypeError(f"progress must be a number, not {type(progress).__name__}")
    if not 0 <= progress <= 1:
        raise BadRequestError(f"progress is {progress}; it must be from 0 to 1")
    return float(progress)


def check_error_text(text: str | None) -> str | None:
    """The error text of a nack or a failure: up to 4 KiB of UTF-8."""
    return check_text("error", text)


def check_traceparent(text: str | None) -> str | None:
    """A `traceparent` as W3C writes it; `None` if there is none."""
    if text is not None and not is_traceparent(text):
        raise BadRequestError(
            f"traceparent {shown(text)} must look like "
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )
    return text


def check_headers(headers: dict[str, str]) -> int:
    """The bytes of all header names and values: up to 64 headers, 16 KiB together."""
    return _check_pairs("header", headers, HEADERS_MAX, HEADERS_BYTES_MAX)


def check_labels(labels: dict[str, str]) -> int:
    """The bytes of all label names and values: up to 64 labels, 4 KiB together."""
    return _check_pairs("label", labels, LABELS_MAX, LABELS_BYTES_MAX)


def check_metadata(metadata: dict[str, str]) -> int:
    """The bytes of a worker's metadata, names and values: the limits are those of headers."""
    return _check_pairs("metadata name", metadata, HEADERS_MAX, HEADERS_BYTES_MAX)


def _check_pairs(what: str, pairs: dict[str, str], count_max: int, bytes_max: int) -> int:
    if not pairs:
        return 0
    if len(pairs) > count_max:
        raise BadRequestError(f"{what}s has {len(pairs)} entries; at most {count_max} are allowed")
    total = sum(
        len(check_name(what, name)) + len(utf8(f"{what} {shown(name)}", value))
        for name, value in pairs.items()
    )
    if total > bytes_max:
        raise BadRequestError(
            f"{what}s have {total} bytes together; at most {bytes_max} are allowed"
        )
    return total


def check_outcome(outcome: str) -> str:
    """The name of an outcome: letters, digits, `_`, `-`, beginning with a letter or `_`."""
    check_name("outcome", outcome)
    if not _OUTCOME.fullmatch(outcome):
        raise BadRequestError(
            f"outcome {shown(outcome)} must be letters, digits, '_' or '-', "
            "beginning with a letter or '_'"
        )
    return outcome


def check_optional(field: str, value: int | None, low: int, high: int) -> int | None:
    """A setting that may be unset; otherwise it lies in `low` to `high`."""
    return None if value is None else check_range(field, value, low, high)
