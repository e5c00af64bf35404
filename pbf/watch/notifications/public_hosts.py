"""Which hosts notifications may be sent to: public ones, unless a setting allows others."""

import socket
from ipaddress import IPv4Address, ip_address, ip_network

from pbf.errors import NotDelivered

# A gateway turns these into the IPv4 address in their last four bytes (RFC 6052).
NAT64 = ip_network("64:ff9b::/96")
PRIVATE = (
    "The address leads to a private or local network, which is not allowed here. Use a public "
    "address, or ask the operators of the dashboard (PBF_NOTIFY_PRIVATE)."
)
UNKNOWN = "The host name of the address was not found. Check its spelling."


def resolve(host: str, port: int, *, allow_private: bool) -> str:
    """Return an IP address of a host; raise NotDelivered if one of them is not public."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered(UNKNOWN) from None
    addresses = [str(answer[4][0]) for answer in answers]
    if not allow_private and not all(map(_is_public, addresses)):
        raise NotDelivered(PRIVATE)
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if address in NAT64:
        mapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and (mapped is None or mapped.is_global)
