"""What the server bounds, beside the limits on values: connections, work in flight, memory held."""

from __future__ import annotations

CONNECTIONS_MAX = 10_000
IN_FLIGHT_MAX = 4_096
"""Unanswered requests of one connection."""
PENDING_BYTES_MAX = 256 * 1024 * 1024
"""Bytes of unanswered requests of all connections together."""
OUTBOX_HIGH_BYTES = 1024 * 1024
"""Unsent answers of one connection above which nothing more is read from it."""
OUTBOX_BYTES_MAX = 64 * 1024 * 1024
"""Unsent answers of one connection above which its reader must go on reading, or is cut off."""
READER_STUCK_MS = 10_000
"""Time in which such a reader must take something; a burst of large answers is no reason to cut."""
ANSWERS_BYTES_MAX = 512 * 1024 * 1024
"""Answers of all connections together that lie unread; beyond it what answers much is refused."""
COPIED_BYTES_MAX = 1024 * 1024
"""A larger body is sent as it is, and not copied behind its length."""
UNCOUNTED_BYTES_MAX = 16 * 1024
"""Unread answers of one connection that are too few to be counted."""
RECOUNT_S = 0.05
"""How often at most it is counted anew what lies unread."""
READER_BYTES_MIN = 64 * 1024
"""What a reader must take in that time where the unread answers of all are many."""
FRAME_STUCK_MS = 10_000
"""Time in which something more of a frame must come that was begun."""
SHARE_S = 0.002
"""What one connection gets of the event loop's time at once."""
FIRST_SHARE_S = 0.0005
"""What one gets that has to wait though it asked for little until now."""
TURN_S = 0.008
"""What all get of it together, before others are heard again."""
FLOODED_S = 0.004
"""What those who flood get of that, while others ask for something, too."""
COUNTED_BYTES_MIN = 4 * 1024
"""Requests that are larger count by their bytes, too, beside the time that they took."""
WRITTEN_S_PER_BYTE = 5e-9
"""How long: 200 MB a second are written, which the event loop does not wait for, but others do."""
BATCH_S = 0.013
"""What those who flood may put into one commit: how long it is applied, written and answered."""
WEB_SLICE_BYTES = 2048
"""How much of a WebSocket's bytes is read at once: it may be hundreds of frames."""
HTTP_SLICE_BYTES = 64 * 1024
"""How much of a body over HTTP is read at once, where it has a length; else as of a WebSocket."""
HELLO_BYTES_MAX = 64 * 1024
"""Bytes held for a connection that has not said its hello."""
HANDSHAKE_MS_MAX = 10_000
"""Time for the preamble and the hello; before them, as much again for the handshake of TLS."""
CONNECTIONS_PER_ADDRESS_MAX = 5_000
UNGREETED_MAX = 1_000
"""Connections that may be open beyond the bound, so that they can be told why they are refused."""
BAD_TOKENS_MAX = 20
"""Bad tokens of one address that are refused at once; each further one waits a second longer."""
BAD_TOKENS_PER_SECOND = 1
"""So many are forgotten."""
BAD_TOKEN_MS_MAX = 4_000
"""The longest such wait: less than a client's time-out, so that it hears why."""
BAD_TOKEN_ADDRESSES_MAX = 10_000
CLOSE_MS_MAX = 2_000
"""Time for the other end of a WebSocket to close, too."""
WEB_REQUESTS_PER_SECOND = 1_000
"""Requests of one WebSocket connection."""
WEB_CONTROL_PER_SECOND = 2_000
"""Pings, pongs and fragments of one WebSocket connection."""
VANISHED_MS_MAX = 60_000
"""Time in which the kernel ends a connection whose peer answers nothing, or takes nothing."""
KEEPALIVE_IDLE_MS = 20_000
"""Silence after which the kernel asks a peer for a sign of life."""
KEEPALIVE_INTERVAL_MS = 10_000
"""How often it asks then."""
BROKEN_PROMISES = 3
"""So many times the silence that it promised, and a peer is given up."""
QUIET_MS_MIN = 1_000
"""The shortest silence that a promise is taken for; nobody looks more often."""
QUIET_MS_MAX = 3_600_000
"""The longest time in which a peer that made a promise is not looked at."""
WEB_PING_MS = 20_000
"""How often a WebSocket is asked for a sign of life; one that gave none since the last is cut."""
HTTP_HEAD_BYTES_MAX = 32 * 1024
"""The head of a request over HTTP: its line and its headers."""
HTTP_BODY_FACTOR = 2
"""A body may be so many times the largest frame: base64 and escapes take room."""
HTTP_HEAD_MS_MAX = 10_000
"""Time for the head of a request over HTTP, from its first byte."""
HTTP_BODY_MS_MAX = 60_000
"""Time for the body, from the end of the head."""
HTTP_IDLE_MS_MAX = 75_000
"""How long a connection without a request is kept open."""
EVENTS_COMMENT_MS = 15_000
"""How often a follower over HTTP has a sign of life where nothing happens."""
