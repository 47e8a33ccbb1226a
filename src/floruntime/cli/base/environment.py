"""The `FLO_` variables that mean nothing: a setting that was misspelt must not be passed over.

Client commands are quiet about those that are like none of ours, since other programs may have
them; the server names them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from floruntime.cli.base.output import complain, complain_json
from floruntime.core.nearest import nearest

PREFIX = "FLO_"
OF_CLIENTS = (
    *("FLO_URL", "FLO_HOST", "FLO_NAMESPACE", "FLO_TOKEN", "FLO_DEBUG"),
    *("FLO_TLS", "FLO_TLS_CA", "FLO_CLIENT_CERT", "FLO_CLIENT_KEY"),
)
ALIKE = 0.7
"""How much like one of ours a name must be to be taken for a slip."""


def warn_of_variables(environment: Mapping[str, str], is_json: bool, is_server: bool) -> None:
    """Complain of each variable that means nothing; never of its value, which may be a secret."""
    for warning in warnings_about(environment, is_server):
        if is_json:
            complain_json({"warning": "unknown_variable", "message": warning})
        else:
            complain(f"warning: {warning}")


def warnings_about(environment: Mapping[str, str], is_server: bool) -> Iterator[str]:
    """What there is to say, by name."""
    unknown = sorted(name for name in environment if _is_ours(name) and name not in OF_CLIENTS)
    known = [*OF_CLIENTS, *_of_servers()] if unknown else []
    for name in unknown:
        if name in known:
            continue
        near = nearest(name[len(PREFIX) :], [each[len(PREFIX) :] for each in known], cutoff=ALIKE)
        if near is not None:
            yield f"{name} is no variable of flo and is ignored; did you mean {PREFIX}{near}?"
        elif is_server:
            yield f"{name} is no variable of flo and is ignored"


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _of_servers() -> list[str]:
    """Loaded only where a variable is not known: a client command should not wait for it."""
    from floruntime.server.config import Config
    from floruntime.server.failpoints import VARIABLE

    return [VARIABLE, *(PREFIX + name.upper() for name in Config.__struct_fields__)]
