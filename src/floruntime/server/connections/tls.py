"""TLS at the server's port: its certificate, and which certificates it asks clients for."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from floruntime.server.config import Config, ConfigError


class TlsFiles(NamedTuple):
    """Files in PEM. `client_ca`: clients must show a certificate that it vouches for."""

    cert: str
    key: str
    client_ca: str


class ServerTls:
    """The context that new connections shake hands with. Raises `ConfigError` on bad files."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self.context = _context(files)

    def reload(self) -> None:
        """Read the files anew, for connections to come. Raises `ConfigError`, changing nothing."""
        self.context = _context(self._files)


def server_tls(config: Config) -> ServerTls | None:
    """TLS as the settings ask for it, `None` where they do not."""
    if not config.tls_cert:
        return None
    return ServerTls(TlsFiles(config.tls_cert, config.tls_key, config.tls_client_ca))


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _see("tls_cert", files.cert)
    _see("tls_key", files.key)
    try:
        context.load_cert_chain(files.cert, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"tls_cert {files.cert} with tls_key {files.key} cannot be used: {_why(error)}"
        ) from None
    if files.client_ca:
        try:
            context.load_verify_locations(files.client_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"tls_client_ca {files.client_ca} cannot be used: {_why(error)}"
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _see(setting: str, path: str) -> None:
    """See that the file can be read: OpenSSL does not say which of two cannot."""
    try:
        open(path, "rb").close()
    except OSError as error:
        raise ConfigError(f"{setting} {path} cannot be used: {_why(error)}") from None


def _no_password() -> str:
    """Asking a terminal would hold up the server."""
    raise ValueError("the key is encrypted; give it without a password")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
