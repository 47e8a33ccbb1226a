"""Connections between nodes: with TLS or without, as for clients."""

from __future__ import annotations

import ssl

from floruntime.server.config import Config, ConfigError

WHOM_NODES_TRUST = (
    "nodes trust the system's certificate authorities, those in tls_client_ca, and those "
    "in tls_cert after the node's own certificate"
)


class PeerTls:
    """The TLS context of connections to other nodes; `None` if there is no certificate.

    Raises `ConfigError` if the files cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.context = _context(config)

    def reload(self) -> None:
        """Read the files again, for new connections. Changes nothing if it raises `ConfigError`."""
        self.context = _context(self._config)


def _context(config: Config) -> ssl.SSLContext | None:
    if not config.tls_cert:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(config.tls_cert)
        if config.tls_client_ca:
            context.load_verify_locations(config.tls_client_ca)
        context.load_cert_chain(config.tls_cert, config.tls_key)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"tls_cert {config.tls_cert} cannot be used: {reason}") from None
    return context
