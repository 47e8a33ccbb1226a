"""The server's limits, beside those on values: connections, work in flight, memory held."""

from __future__ import annotations

CONNECTIONS_MAX = 10_000
IN_FLIGHT_MAX = 4_096
"""Unanswered requests of one connection."""
PENDING_BYTES_MAX = 256 * 1024 * 1024
"""Bytes of unanswered requests of all connections together."""
OUTBOX_HIGH_BYTES = 1024 * 1024
"""Unsent answers of one connection above which the server stops reading from it."""
OUTBOX_BYTES_MAX = 64 * 1024 * 1024
"""Unsent answers of one connection above which its client must keep reading, or is disconnected."""
READER_STUCK_MS = 10_000
"""Time in which such a client must read something; a burst of large answers alone is no reason."""
ANSWERS_BYTES_MAX = 512 * 1024 * 1024
"""Unread answers of all connections together; above it, requests with large answers are refused."""
COPIED_BYTES_MAX = 1024 * 1024
"""A larger body is sent on its own, and not copied behind its length."""
UNCOUNTED_BYTES_MAX = 16 * 1024
"""Unread answers of one connection that are too small to be counted."""
RECOUNT_S = 0.05
"""The shortest time between two counts of all unread answers."""
READER_BYTES_MIN = 64 * 1024
"""What a client must read in that time while the unread answers of all connections are many."""
FRAME_STUCK_MS = 10_000
"""Time within which a frame that has begun must go on."""
SHARE_S = 0.002
"""How much time of the event loop one connection gets at once."""
FIRST_SHARE_S = 0.0005
"""How much a waiting connection gets that has asked for little until now."""
TURN_S = 0.008
"""How much all waiting connections get together before other connections are served again."""
FLOODED_S = 0.004
"""How much of that flooding connections get while others are asking for something, too."""
COUNTED_BYTES_MIN = 4 * 1024
"""Larger requests also count by their bytes, in addition to the time that they took."""
WRITTEN_S_PER_BYTE = 5e-9
"""How much a byte counts: 200 MB a second are written, for which other connections wait."""
BATCH_S = 0.013
"""How much flooding connections may put into one commit: time to apply, write and answer it."""
WEB_SLICE_BYTES = 2048
"""How many bytes of a WebSocket are read at once: they may be hundreds of frames."""
HTTP_SLICE_BYTES = 64 * 1024
"""How much of an HTTP body with a length is read at once; without one, as for a WebSocket."""
HELLO_BYTES_MAX = 64 * 1024
"""Bytes held for a connection that has not sent its hello."""
HANDSHAKE_MS_MAX = 10_000
"""Time for the preamble and the hello, and the same time before that for the TLS handshake."""
CONNECTIONS_PER_ADDRESS_MAX = 5_000
UNGREETED_MAX = 1_000
"""Connections that may be open beyond the bound, so that they can be told why they are refused."""
BAD_TOKENS_MAX = 20
"""Bad tokens of one address that are refused at once; each further one waits a second longer."""
BAD_TOKENS_PER_SECOND = 1
"""How many of them are forgotten per second."""
BAD_TOKEN_MS_MAX = 4_000
"""The longest such wait: shorter than a client's time-out, so that the client gets the refusal."""
BAD_TOKEN_ADDRESSES_MAX = 10_000
CLOSE_MS_MAX = 2_000
"""Time for the other end of a WebSocket to close it, too."""
WEB_REQUESTS_PER_SECOND = 1_000
"""Requests of one WebSocket connection."""
WEB_CONTROL_PER_SECOND = 2_000
"""Pings, pongs and fragments of one WebSocket connection."""
VANISHED_MS_MAX = 60_000
"""Time after which the kernel ends a connection whose peer neither answers nor takes data."""
KEEPALIVE_IDLE_MS = 20_000
"""Silence after which the kernel sends a keepalive probe."""
KEEPALIVE_INTERVAL_MS = 10_000
"""The time between two keepalive probes."""
BROKEN_PROMISES = 3
"""A peer is given up after this many times the silence that it promised not to exceed."""
QUIET_MS_MIN = 1_000
"""The shortest promised silence that is checked for; no shorter interval is used."""
QUIET_MS_MAX = 3_600_000
"""The longest time after which a peer with a promise is checked."""
WEB_PING_MS = 20_000
"""How often a WebSocket is asked for a sign of life; one that gave none since the last is cut."""
HTTP_HEAD_BYTES_MAX = 32 * 1024
"""The head of a request over HTTP: its line and its headers."""
HTTP_BODY_FACTOR = 2
"""A body may be this many times the largest frame, because base64 and escapes need space."""
HTTP_HEAD_MS_MAX = 10_000
"""Time for the head of a request over HTTP, from its first byte."""
HTTP_BODY_MS_MAX = 60_000
"""Time for the body, from the end of the head."""
HTTP_IDLE_MS_MAX = 75_000
"""How long a connection without a request is kept open."""
EVENTS_COMMENT_MS = 15_000
"""How often a follower over HTTP gets a sign of life while nothing happens."""
