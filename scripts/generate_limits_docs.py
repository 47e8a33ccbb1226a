"""Fills the table of limits in docs/reference.md from the constants that are enforced.

python -m scripts.generate_limits_docs
"""

from __future__ import annotations

from types import ModuleType

from scripts.sections import table, write_sections

from floruntime.core import limits
from floruntime.server import limits as server_limits

UNITS = {"KIB", "MIB"}
INTERNAL = {
    "VALUE_BYTES_DEFAULT",
    "PRIORITY_DEFAULT",
    "ANSWER_FRAME_BYTES_MAX",
    "FRAME_BYTES_OVERHEAD",
    "SESSION_BLOCK_WRITES",
    "SESSION_BLOCKS",
    "UINT_MAX",
    "COPIED_BYTES_MAX",
    "COUNTED_BYTES_MIN",
    "OUTBOX_HIGH_BYTES",
    "UNGREETED_MAX",
    "BAD_TOKEN_ADDRESSES_MAX",
    "KEEPALIVE_IDLE_MS",
    "KEEPALIVE_INTERVAL_MS",
    "QUIET_MS_MIN",
    "QUIET_MS_MAX",
    "UNCOUNTED_BYTES_MAX",
    "HTTP_SLICE_BYTES",
    "WEB_SLICE_BYTES",
}
"""Told elsewhere, or of no use to a reader of the reference."""
MEANINGS = {
    "BATCH_ITEMS_MAX": "payloads, seqs and ids in all commands of one batch",
    "BATCH_DOCUMENTS_BYTES_MAX": "JSON documents that one batch edits by `json_set` and "
    "`json_del`, together; one at least",
    "ANSWERS_BYTES_MAX": "unread answers of all connections (`answers_bytes_max`)",
    "READER_BYTES_MIN": "what a reader must take in that time where unread answers use half of it",
    "FRAME_STUCK_MS": "time in which something more of a frame must come that was begun",
    "VANISHED_MS_MAX": "time in which a connection ends whose client's machine or network vanished",
    "BROKEN_PROMISES": "so many times the silence that a client promised (20 s by ours over TCP), "
    "and it is cut",
    "NAME_BYTES_MAX": "a name: queue, stream, group, consumer, action, workflow, step, run id, "
    "type of a signal, header, partition, dedup or idempotency key",
    "NAMESPACE_CHARS_MAX": "a namespace, characters",
    "KEY_BYTES_MAX": "a KV key",
    "VALUE_BYTES_CEILING": (
        "a value or payload: `value_bytes_max`, "
        f"{limits.VALUE_BYTES_DEFAULT // limits.MIB} MiB unless configured, at most"
    ),
    "ERROR_TEXT_BYTES_MAX": "the error text of a nack or a failed run, a reason, a description",
    "HEADERS_MAX": "headers of a record",
    "HEADERS_BYTES_MAX": "all header names and values of a record",
    "BLOCK_MS_MAX": "`block_ms`",
    "DURATION_MS_MAX": "any other duration: a TTL, delay, lease, window, retention (ten years)",
    "LIMIT_MAX": "`limit` of a page, scan or read",
    "HISTORY_LIMIT_MAX": "versions kept of a key, and `limit` of `history`",
    "MGET_KEYS_MAX": "keys of one `mget`",
    "MANY_MAX": "payloads of one `enqueue_many`, `append_many`; seqs or ids of one ack, nack or "
    "touch; `count` of a dequeue or of a claim; results of one exchange; actions of a worker",
    "BATCH_COMMANDS_MAX": "commands of one batch",
    "BATCH_BYTES_MAX": "one batch, encoded",
    "REPLY_BYTES_MAX": "payload after which a page or delivery ends early, with at least one item",
    "ANSWER_VALUES_BYTES_MAX": "the values of one `mget` or `history` together; more is refused",
    "SYNC_BYTES_MAX": "the workflow definitions of one sync together",
    "SIGNALS_KEPT_MAX": "signals that a workflow run keeps until something waits for them",
    "PRIORITY_MAX": "`priority`",
    "ATTEMPTS_MAX": "`max_attempts`, `max_deliver`, `max_retries`",
    "PARTITIONS_MAX": "partitions of a stream",
    "GROUP_MEMBERS_MAX": "members of a group",
    "GROUP_PARKED_MAX": "records that a `key_shared` group keeps for consumers that are behind",
    "GROUP_DEAD_MAX": "dead letters of a group; the oldest go first",
    "SETTLED_MS": "how long a holder may repeat its ack or nack and is told `done` again; a "
    "worker its `fail` or `release`",
    "LABELS_MAX": "labels of a run or a worker",
    "LABELS_BYTES_MAX": "all label names and values of a run or a worker",
    "WORKER_CONCURRENCY_MAX": "`concurrency` of a worker; runs named in a heartbeat",
    "RETRY_DELAY_MS_MAX": "the longest back-off between two attempts of a run",
    "RUN_RETENTION_MS_DEFAULT": "how long a run is kept after its end, unless its action's "
    "`retention_ms` or its workflow's `retentionMs` says otherwise",
    "IDEMPOTENCY_MS": "how long an idempotency key is kept after its run's end; the shortest "
    "`retention_ms`",
    "WORKER_UNHEALTHY_MS": "a worker is unhealthy when not heard from for",
    "WORKER_FORGET_MS": "a worker is no longer listed when not heard from for",
    "AUDIT_AGE_MS": "how long records of `_audit` are kept",
    "AUDIT_RECORDS_MAX": "records of one `_audit`",
    "JOBS_MAX": "jobs that a namespace keeps; the oldest that has ended goes",
    "JOB_KEPT_MS": "how long a job is kept after it has ended",
    "RUNS_LOOKED_AT_MAX": "runs that one page of a listing with filters looks at",
    "RATE_MAX": "claims in one window of an action or of a key (`rate`, `rate_per_key`)",
    "TOKENS_MAX": "tokens",
    "TOKEN_NAMESPACES_MAX": "namespaces named by one token",
    "TOKEN_SCOPES_MAX": "scopes of one token",
    "MINTED_MS_MAX": "how long a minted token lasts at most",
    "MINTED_CHARS_MAX": "characters of a minted token, its scopes in it",
    "CONSOLE_CODE_MS": "how long a code for the console is good",
    "CONSOLE_CODES_MAX": "codes of one token within that time",
    "CONSOLE_SESSION_MS": "how long a session of the console lasts at most",
    "CONSOLE_SESSIONS_MAX": "sessions of one token at once",
    "MINT_KEY_MS": "how long one key signs minted tokens",
    "TOKEN_KEPT_MS": "how long a token is listed after it has expired or was revoked",
    "COUNTER_MAX": "a counter",
    "COUNTER_MIN": "a counter, downwards",
    "SESSION_WRITES_MAX": "writes remembered of one client",
    "SESSION_AGE_MS_MAX": "how long each is remembered",
    "CONNECTIONS_MAX": "connections (`connections_max`)",
    "IN_FLIGHT_MAX": "unanswered requests of one connection (`in_flight_max`)",
    "PENDING_BYTES_MAX": "unanswered requests of all connections (`pending_bytes_max`)",
    "OUTBOX_BYTES_MAX": (
        "unread answers of a connection above which its reader must go on reading "
        "(`outbox_bytes_max`)"
    ),
    "READER_STUCK_MS": "how long such a reader may take nothing before it is cut off",
    "HELLO_BYTES_MAX": "what a connection may send before its hello is done",
    "HANDSHAKE_MS_MAX": "time for a connection's hello; as much for a TLS handshake before it",
    "ONCE_KEYS_MAX": "`Idempotency-Key`s of one token within ten minutes",
    "HTTP_HEAD_BYTES_MAX": "the head of a request over HTTP",
    "HTTP_BODY_FACTOR": "the body of one: so many times the largest frame",
    "HTTP_HEAD_MS_MAX": "time for the head of a request over HTTP",
    "HTTP_BODY_MS_MAX": "time for its body",
    "EVENTS_COMMENT_MS": "a sign of life for a follower over HTTP, where nothing happens, every",
    "HTTP_IDLE_MS_MAX": "how long a connection of HTTP without a request is kept",
    "CONNECTIONS_PER_ADDRESS_MAX": "connections from one address (`connections_per_address_max`)",
    "BAD_TOKENS_MAX": "bad tokens from one address that are refused at once; each further one is "
    "refused a second later than the one before",
    "BAD_TOKENS_PER_SECOND": "of these, how many are forgotten a second",
    "BAD_TOKEN_MS_MAX": "how long the refusal of a bad token is held back at most",
    "CLOSE_MS_MAX": "time for the other end to close, too, when the server closes a WebSocket",
    "WEB_REQUESTS_PER_SECOND": "requests a second of one WebSocket (`web_requests_per_second`)",
    "WEB_CONTROL_PER_SECOND": "pings, pongs and fragments a second of one WebSocket",
    "WEB_PING_MS": "how often a WebSocket is pinged; silent until the next time, it is cut",
}


def constants(module: ModuleType) -> dict[str, int]:
    """The numbers that a module of limits names."""
    return {
        name: value
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, int)
    }


def limits_table() -> str:
    """Each limit that a user can meet."""
    found = constants(limits) | constants(server_limits)
    rows = [
        [MEANINGS[name], _shown(name, value)]
        for name, value in found.items()
        if name not in UNITS | INTERNAL
    ]
    return table(["what", "limit"], rows)


def _shown(name: str, value: int) -> str:
    if "BYTES" not in name:
        unit = " ms" if "_MS" in name else ""
        return f"{value:,}{unit}"
    for size, unit in ((limits.MIB, "MiB"), (limits.KIB, "KiB")):
        if value >= 16 * size or (value >= size and value % size == 0):
            return f"{value // size} {unit}"
    return f"{value:,} bytes"


def sections() -> dict[str, str]:
    """Every generated section of the page."""
    return {"limits": limits_table()}


if __name__ == "__main__":
    write_sections("reference.md", sections())
