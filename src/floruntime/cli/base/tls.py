"""The options of TLS, and the context that they ask for."""

from __future__ import annotations

import ssl
from typing import Annotated, NamedTuple

import typer

Wanted = Annotated[bool, typer.Option("--tls", envvar="FLO_TLS", help="Connect with TLS.")]
Ca = Annotated[
    str | None,
    typer.Option(
        "--tls-ca",
        envvar="FLO_TLS_CA",
        metavar="FILE",
        help="Connect with TLS, and trust certificates signed by this one (PEM).",
        show_default=False,
    ),
]
ClientCert = Annotated[
    str | None,
    typer.Option(
        "--client-cert",
        envvar="FLO_CLIENT_CERT",
        metavar="FILE",
        help="Connect with TLS, and present this client certificate (PEM).",
        show_default=False,
    ),
]
ClientKey = Annotated[
    str | None,
    typer.Option(
        "--client-key",
        envvar="FLO_CLIENT_KEY",
        metavar="FILE",
        help="The key of --client-cert (PEM), if that file does not contain it.",
        show_default=False,
    ),
]


class Tls(NamedTuple):
    """`--tls`, `--tls-ca`, `--client-cert` and `--client-key`. Naming a file asks for TLS, too."""

    is_wanted: bool = False
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None

    def context(self) -> ssl.SSLContext | None:
        """What to connect with, `None` without TLS. Raises `typer.BadParameter` on bad files."""
        if self.client_key is not None and self.client_cert is None:
            raise typer.BadParameter("--client-key is given without --client-cert")
        if not (self.is_wanted or self.ca or self.client_cert):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise typer.BadParameter(f"--tls-ca {self.ca}: {_why(error)}") from None
        if self.client_cert is not None:
            try:
                context.load_cert_chain(self.client_cert, self.client_key)
            except (OSError, ValueError) as error:
                raise typer.BadParameter(
                    f"--client-cert {self.client_cert}: {_why(error)}"
                ) from None
        return context


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
