"""The address of a client, behind proxies that are trusted or not."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network


@dataclass(frozen=True)
class Client:
    """Who sends a request: the address of its socket, and what X-Forwarded-For says."""

    peer: str
    forwarded_for: str = ""

    def address(self, *, trusted_proxies: int) -> str:
        """Return the address that counts as one client, or the network of an IPv6 address.

        It is that of the socket, or with trusted proxies the one that the first of them reports:
        anything else in X-Forwarded-For may be forged by the sender.
        """
        address, hops = self.peer, self.forwarded_for.split(",")
        if trusted_proxies and len(hops) >= trusted_proxies:
            address = hops[-trusted_proxies].strip()
        try:
            parsed = ip_address(address)
        except ValueError:
            return self.peer
        # A client with one IPv6 address has a whole network of them.
        return str(parsed if parsed.version == 4 else ip_network((parsed, 64), strict=False))
