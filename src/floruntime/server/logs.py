"""Logging to standard error, as text or JSON, without tokens.

A log line stays one line, whatever a client put into it. In text, a traceback follows indented, so
that nothing in it can look like a line of its own.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from floruntime.core.masked import without_tokens
from floruntime.core.printable import printable, printable_json
from floruntime.server.config import Config

INDENT = "    "
_FIELDS = ("trace_id", "run_id")
"""What a handler's records have beside."""


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # logging's name
        record.message = printable(without_tokens(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # logging's name
        text = without_tokens(super().formatException(ei))
        lines = printable(text, keep="\n").split("\n")
        return "\n".join(INDENT + line for line in lines)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name in _FIELDS if (value := vars(record).get(name)))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return printable_json(without_tokens(json.dumps(line, ensure_ascii=False)))


def set_up_logging(config: Config) -> None:
    """Log to standard error, in the format that the settings ask for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if config.log_format == "json" else _TextFormatter())
    logging.basicConfig(level=config.log_level.upper(), handlers=[handler], force=True)
