"""Says why connecting failed, in words that help to mend it."""

from __future__ import annotations

import errno
import ssl

NO_GREETING = (
    "it broke before the greeting; is this a Flo server, and is TLS on at both ends? "
    "Or has the server no room for one more connection?"
)
_NOBODY_VOUCHES = frozenset({18, 19, 20, 21})  # X509_V_ERR_… of a chain that ends in nobody known
_HOW_TO_TRUST = (
    "if this is the right server, name the file with the certificate that vouches for it: "
    "?ca=FILE in the address, or FLO_TLS_CA"
)


def reason_of(error: OSError | UnicodeError) -> str:
    """The message for an attempt to connect that failed with `error`."""
    if isinstance(error, ConnectionResetError):
        return NO_GREETING
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"its certificate is refused: {error.verify_message}"
        return f"{told}; {_HOW_TO_TRUST}" if error.verify_code in _NOBODY_VOUCHES else told
    text = str(error)  # of each address, where a host has several
    if f"[Errno {errno.ECONNREFUSED}]" in text:
        return "connection refused; is a server running there?"
    return text or type(error).__name__
