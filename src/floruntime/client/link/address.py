"""Reads addresses that hold all settings of a connection, and the `FLO_…` environment variables.

An address is `flo://TOKEN@host:9000/namespace?tls=1&ca=ca.pem`. Each part except the host may be
left out; `flos://` is `flo://` with TLS. Any other text is an endpoint (`host:port`, `ws://…`,
`memory://`, `file:PATH`).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

from floruntime.core.errors import BadRequestError
from floruntime.core.limits import check_read_namespace, shown
from floruntime.core.masked import masked
from floruntime.core.nearest import nearest

DEFAULT_ENDPOINT = "localhost:9000"
URL = "FLO_URL"
SCHEMES = {"flo": False, "flos": True}
FILES = ("ca", "cert", "key")
OPTIONS = ("tls", *FILES)
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_EXPECTED = "An address is flo://TOKEN@HOST:PORT/NAMESPACE?tls=1&ca=FILE&cert=FILE&key=FILE"


class TlsFiles(NamedTuple):
    """The files of a TLS connection, as paths; `None` where there is none.

    `ca`: the certificates to trust (`None`: those that the system trusts). `cert` and `key`: the
    client's own certificate and its private key.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Load the files. Raises `BadRequestError` on a file that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise BadRequestError(f"ca {shown(self.ca)}: {_why(error)}") from None
        if self.cert is not None:
            try:
                context.load_cert_chain(self.cert, self.key)
            except (OSError, ValueError) as error:
                raise BadRequestError(f"cert {shown(self.cert)}: {_why(error)}") from None
        return context


class Address(NamedTuple):
    """The parts of an address; `None` for each part that it leaves out."""

    endpoint: str
    namespace: str | None = None
    token: str | None = None
    tls: TlsFiles | None = None


def read_address(text: str) -> Address:
    """Read an address, or an endpoint. Raises `BadRequestError`, which shows no secret."""
    scheme, colon, rest = text.partition("://") if isinstance(text, str) else ("", "", "")
    if not colon or scheme not in SCHEMES:
        return Address(text)
    if any(mark in text for mark in "#\\") or not text.isprintable() or " " in text:
        _refuse(text, "it is not understood")
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    if "@" in path:
        _refuse(text, "write a slash within the token as %2F")
    token, at, hosts = authority.rpartition("@")
    if at and not token:
        _refuse(text, "no token stands before the @")
    if not hosts:
        _refuse(text, "it names no host")
    return Address(
        hosts,
        _namespace_in(text, path),
        unquote(token) or None,
        _tls_in(text, query, SCHEMES[scheme]),
    )


def address_in(environment: Mapping[str, str]) -> Address:
    """Read the address from environment variables.

    `FLO_URL` comes first. Each part that it leaves out is taken from the other variables:
    `FLO_HOST`, `FLO_NAMESPACE`, `FLO_TOKEN`, `FLO_TLS`, `FLO_TLS_CA`, `FLO_CLIENT_CERT` and
    `FLO_CLIENT_KEY`. If none is set, the address is `localhost:9000`.
    """
    said = read_address(environment.get(URL) or environment.get("FLO_HOST") or DEFAULT_ENDPOINT)
    return Address(
        said.endpoint,
        said.namespace or environment.get("FLO_NAMESPACE") or None,
        said.token or environment.get("FLO_TOKEN") or None,
        said.tls or _tls_of(environment),
    )


def _tls_of(environment: Mapping[str, str]) -> TlsFiles | None:
    names = ("FLO_TLS_CA", "FLO_CLIENT_CERT", "FLO_CLIENT_KEY")
    files = TlsFiles(*(environment.get(name) or None for name in names))
    is_wanted = environment.get("FLO_TLS", "").lower() in ("1", "true", "yes", "on")
    return files if is_wanted or any(files) else None


def _namespace_in(text: str, path: str) -> str | None:
    name = unquote(path.removesuffix("/"))
    if not name:
        return None
    if "/" in name:
        _refuse(text, "its path must be one namespace")
    return check_read_namespace(name)


def _tls_in(text: str, query: str, is_secure: bool) -> TlsFiles | None:
    given: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, equals, value = part.partition("=")
        if name not in OPTIONS:
            near = nearest(name, OPTIONS)
            hint = f"; did you mean {near}?" if near else f"; there are {', '.join(OPTIONS)}"
            _refuse(text, f"it has no option {shown(name)}{hint}")
        if not equals or not value or name in given:
            _refuse(text, f"{name} must have one value")
        given[name] = unquote(value)
    flag = given.pop("tls", "1" if is_secure or given else "0")
    if flag not in _FLAGS:
        _refuse(text, "tls must be 1 or 0")
    if not _FLAGS[flag] and (is_secure or given):
        _refuse(
            text, "tls=0 contradicts flos:// or the options ca, cert and key, which ask for TLS"
        )
    if "key" in given and "cert" not in given:
        _refuse(text, "key is given without cert; give both")
    return TlsFiles(**given) if _FLAGS[flag] else None


def _refuse(text: str, why: str) -> NoReturn:
    end = "" if why.endswith("?") else "."
    raise BadRequestError(f"address {shown(masked(text))}: {why}{end} {_EXPECTED}")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
