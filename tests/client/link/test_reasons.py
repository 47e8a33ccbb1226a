"""Why there is no connection, in words that help."""

from __future__ import annotations

import ssl

import pytest

from floruntime.client.link.reasons import reason_of


@pytest.mark.parametrize(
    ("code", "is_told"),
    [
        *((code, True) for code in (18, 19, 20, 21)),
        (10, False),  # it has run out: trusting somebody else does not help
        (62, False),  # it is for another host
    ],
)
def test_how_to_trust_is_told_where_trust_is_lacking(code: int, is_told: bool) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "so it is"
    told = reason_of(error)
    assert told.startswith("its certificate is refused: so it is")
    assert ("?ca=FILE" in told) == is_told


def test_what_says_nothing_is_told_by_its_kind() -> None:
    assert reason_of(OSError()) == "OSError"
