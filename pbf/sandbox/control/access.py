"""Who may use the control API: this machine only, unless the sandbox was started otherwise."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, request

from pbf.sandbox.core.errors import Forbidden

# Prefixes of headers that proxies, load balancers and CDNs add.
FORWARDED = (
    *(
        "forward",
        "x-forward",
        "via",
        "x-real-",
        "x-original-",
        "x-client",
        "client-ip",
        "x-cluster-",
    ),
    *("true-client-", "cf-", "cdn-", "fastly-", "fly-", "x-amz", "x-azure-", "x-appengine-"),
    *("x-envoy-", "x-varnish", "x-proxy", "proxy-", "wl-proxy-", "x-remote-", "x-host", "x-scheme"),
    *("x-request-start", "front-end-https", "x-arr-", "x-sucuri-", "x-vercel-", "x-traefik"),
)


def guard() -> None:
    """Refuse requests from other machines and from pages of other origins."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("No page of another origin may use the sandbox's controls")
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden("No page of another origin may use the sandbox's controls")
    if current_app.extensions["close_control"]:
        raise Forbidden("This sandbox is reachable by others, so its controls are closed")
    if not current_app.extensions["open_control"] and not _from_here():
        raise Forbidden("Only this machine may use the sandbox's controls")


def _from_here() -> bool:
    """Return whether the caller is this machine, by its address and by the requested host.

    A proxy on this machine has the same address, so a request with signs of one is refused: its
    headers, a referrer on another host, or HTTP/1.0, which nginx speaks.
    """
    if any(name.lower().startswith(FORWARDED) for name, _ in request.headers):
        return False
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return False
    if request.referrer and not _is_local(urlsplit(request.referrer).hostname or ""):
        return False
    host = urlsplit(f"//{request.host}").hostname or ""
    return _is_loopback(request.remote_addr or "") and _is_local(host)


def _is_local(host: str) -> bool:
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
