"""Secrets that stand in addresses and elsewhere are left out."""

from __future__ import annotations

import pytest

from floruntime.core.masked import masked, without_tokens

OURS = f"flo_abcdefghij12_{'x' * 43}"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYWRtaW4ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("localhost:9000", "localhost:9000"),
        ("https://idp.example.org/jwks.json", "https://idp.example.org/jwks.json"),
        ("https://me:pass@host/a?key=secret&b=c#d", "https://***@host/a?key=***&b=***#d"),
        (f"flo://{OURS}@host:9000/shop?tls=1&ca=a.pem", "flo://***@host:9000/shop?tls=***&ca=***"),
        ("flo://a/b+c@d@host", "flo://***@host"),
        ("flo://a b@host", "flo://***@host"),
        ("flo:/secret@host", "flo:/***@host"),
        ("a/secret@host:9000", "***@host:9000"),
        ("line\nsecret@host:9000", "***@host:9000"),
        ("file:./data", "file:./data"),
    ],
)
def test_of_an_address_only_the_place_is_shown(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_tokens_are_left_out_wherever_they_stand() -> None:
    text = f"a {OURS}, b {JWT} (Bearer {JWT}) and '{OURS}'"
    assert without_tokens(text) == (
        "a flo_abcdefghij12_***, b eyJ*** (Bearer eyJ***) and 'flo_abcdefghij12_***'"
    )
    session = f"floc_abcdefghij12_{'x' * 43}"
    assert without_tokens(f"({session})") == "(floc_abcdefghij12_***)"
    assert without_tokens("flo_data eyJust a word.") == "flo_data eyJust a word."
