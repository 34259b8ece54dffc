"""Who is at the other end: the client behind proxies that we trust, and nobody's mere claims."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import msgspec
from litestar import Request

from calotype.kernel.errors import Misconfigured

_FORWARDING = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})

Headers = Iterable[tuple[bytes, bytes]]
Address = IPv4Address | IPv6Address


class Peer(msgspec.Struct, frozen=True):
    """A client. `key` stands for it in limits: an IPv4 address, or the /64 of an IPv6 one."""

    address: str
    key: str
    scheme: str


class Proxies:
    """Believes X-Forwarded-For and -Proto of those it trusts, and of no one else."""

    def __init__(self, trusted: Iterable[str]) -> None:
        try:
            self._trusted = tuple(ip_network(text.strip(), strict=False) for text in trusted)
        except ValueError as error:
            raise Misconfigured(
                f"web.trusted_proxies: {error}; name addresses or networks such as 10.0.0.0/8"
            ) from error

    def peer(self, host: str, scheme: str, headers: Headers) -> Peer:
        """The client of a connection from `host`.

        It is the right-most address of the chain that is no trusted proxy: what stands to the
        left of it anyone can write.
        """
        if not self._trusted or not self._trusts(host):
            return Peer(host, address_key(host), scheme)
        hops: list[str] = []
        for name, value in headers:
            if name == b"x-forwarded-for":
                hops += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto":
                claimed = value.decode("latin-1").rpartition(",")[2].strip().lower()
                scheme = claimed if claimed in {"http", "https"} else scheme
        for hop in reversed(hops):
            address = _without_port(hop.strip())
            if _parsed(address) is None:
                break
            host = address
            if not self._trusts(host):
                break
        return Peer(host, address_key(host), scheme)

    def _trusts(self, host: str) -> bool:
        address = _parsed(host)
        return address is not None and any(address in network for network in self._trusted)


def address_of(request: Request[Any, Any, Any]) -> str:
    """The key of a request's client, which the edge has found already."""
    return address_key(request.client.host if request.client else "")


def is_loopback(host: str) -> bool:
    address = _parsed(host)
    return address is not None and address.is_loopback


def was_forwarded(headers: Headers) -> bool:
    """Whether a proxy sent it: then a loopback peer says nothing about who asked."""
    return any(name in _FORWARDING for name, _ in headers)


@lru_cache(maxsize=4096)
def address_key(host: str) -> str:
    address = _parsed(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address) if address else host


@lru_cache(maxsize=4096)
def _parsed(host: str) -> Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
