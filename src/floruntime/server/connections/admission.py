"""Limits how many sockets may be open, in total and from one address, before they send anything."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any


class Admission:
    """Counts open sockets, of which those beyond the bound on connections are told of it."""

    def __init__(self, sockets_max: int, per_address_max: int) -> None:
        self._sockets_max = sockets_max
        self._per_address_max = per_address_max
        self._by_address: Counter[str] = Counter()
        self._total = 0

    def enter(self, address: str) -> bool:
        """Count one more of `address`; False where that is one too many."""
        if self._total >= self._sockets_max or self._by_address[address] >= self._per_address_max:
            return False
        self._by_address[address] += 1
        self._total += 1
        return True

    def leave(self, address: str) -> None:
        """One of `address` is gone."""
        self._total -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


def address_of(name: Any) -> str:
    """Whom a socket's peer name counts for: an IPv4 address, or the first half of an IPv6 one.

    Whoever has an IPv6 address has 2**64 of them, with the same first half.
    """
    if not isinstance(name, tuple) or not name:
        return ""
    text = str(name[0]).partition("%")[0]
    if ":" not in text:
        return text
    address = ipaddress.IPv6Address(text)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
