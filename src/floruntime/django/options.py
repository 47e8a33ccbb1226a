"""The settings of one backend: `OPTIONS` in the project's `TASKS`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured

from floruntime.core import defaults


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of `OPTIONS`.

    - `endpoint`, `namespace`, `token`: as for `FloClient`; without an endpoint the environment
      decides (`FLO_URL`).
    - `enqueue_on_commit`: a task that is enqueued in a transaction is sent when it commits, and
      never if it does not.
    - `max_retries`: how often a task is started again after its worker died; with `retry_errors`,
      also after it raised.
    - `retry_delay_ms`: the wait before that, doubled each time.
    - `timeout_ms`: how long one attempt may take.
    - `retention_ms`: how long results are kept.
    """

    endpoint: str | None = None
    namespace: str | None = None
    token: str | None = None
    enqueue_on_commit: bool = False
    max_retries: int = defaults.MAX_RETRIES
    retry_errors: bool = False
    retry_delay_ms: int = defaults.RUN_RETRY_DELAY_MS
    timeout_ms: int = 3_600_000
    retention_ms: int = defaults.RUN_RETENTION_MS


def read_options(alias: str, params: Mapping[str, Any]) -> Options:
    """Read the options of the backend `alias`. Raises `ImproperlyConfigured` if one is invalid."""
    if "ENQUEUE_ON_COMMIT" in params:
        raise ImproperlyConfigured(
            f'TASKS[{alias!r}]: say ENQUEUE_ON_COMMIT in "OPTIONS", as "enqueue_on_commit"'
        )
    options = params.get("OPTIONS", {})
    for name in options:
        if name not in Options.__struct_fields__:
            meant = get_close_matches(str(name), Options.__struct_fields__, 1)
            hint = f"; did you mean {meant[0]!r}?" if meant else ""
            raise ImproperlyConfigured(f"TASKS[{alias!r}]: there is no option {name!r}{hint}")
    try:
        return msgspec.convert(options, Options)
    except msgspec.ValidationError as error:
        raise ImproperlyConfigured(f"TASKS[{alias!r}]: OPTIONS: {error}") from error
