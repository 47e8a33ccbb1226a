"""`floruntime.web.FloClient`: streams, and reading keys, over WebSocket."""

from __future__ import annotations

from floruntime.client.web import FloClient

__all__ = ["FloClient"]
