"""Where a command works: the options, and what an address (`--host`, `FLO_URL`) says beside.

What stands on the command line wins over the address, and that over the other variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import typer

from floruntime.cli.base.errors import USAGE, Failure
from floruntime.cli.base.root_options import given
from floruntime.cli.base.run import Settings
from floruntime.cli.base.tls import Tls
from floruntime.client.link.address import URL, Address, read_address
from floruntime.client.link.endpoint import parse_endpoints
from floruntime.core.errors import BadRequestError

_TLS = {"tls", "tls_ca", "client_cert", "client_key"}


def placed(ctx: typer.Context, settings: Settings, environment: Mapping[str, str]) -> Settings:
    """`settings`, with what an address says. Raises `Failure` on one that cannot be."""
    here = given(ctx)
    url = environment.get(URL) if "host" not in here else None
    try:
        address = read_address(url or settings.host)
        parse_endpoints(address.endpoint)
    except BadRequestError as error:
        raise Failure(str(error), exit_code=USAGE, code="usage") from None
    said = {"host"} if url else set()
    if address.namespace is not None and "namespace" not in here:
        settings = replace(settings, namespace=address.namespace)
        said.add("namespace")
    if address.token is not None and "token" not in here:
        settings = replace(settings, token=address.token)
        said.add("token")
    settings = replace(settings, tls=_tls(settings.tls, address, bool(here & _TLS)))
    return replace(settings, host=address.endpoint, said=frozenset(said))


def _tls(options: Tls, address: Address, is_given: bool) -> Tls:
    if address.tls is None or is_given:
        return options
    files = address.tls
    return Tls(True, files.ca or options.ca, files.cert or options.client_cert, files.key)
