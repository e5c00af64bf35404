"""The cookies that hold a session: which ones a request has, and what a response sets."""

from typing import TypedDict

from flask import Response, request

from pbf.server.auth_middleware.cookies import COOKIE, FRAME_COOKIE, LOOPBACK_COOKIE, is_local

# In the order in which they count.
NAMES = (COOKIE, LOOPBACK_COOKIE, FRAME_COOKIE)


class _Attributes(TypedDict):
    path: str
    secure: bool
    httponly: bool
    samesite: str
    partitioned: bool


def session_cookie_name(public_url: str) -> str:
    """Return the name for a session outside frames, by the address under which people reach us."""
    return COOKIE if public_url.startswith("https:") else LOOPBACK_COOKIE


def sent_session_cookies(public_url: str | None) -> list[str]:
    """Return the cookies that may hold a session; one that is there twice does not count."""
    is_plain = is_local(public_url)
    names = (name for name in NAMES if is_plain or name != LOOPBACK_COOKIE)
    values = (request.cookies.getlist(name) for name in names)
    return [found[0] for found in values if len(found) == 1]


def set_session_cookie(response: Response, name: str, cookie: str) -> None:
    """Have the browser keep a session's cookie until it is closed."""
    response.set_cookie(name, cookie, **_attributes(name))


def delete_session_cookie(response: Response, name: str) -> None:
    """Have the browser delete a session's cookie."""
    response.delete_cookie(name, **_attributes(name))


def _attributes(name: str) -> _Attributes:
    is_framed = name == FRAME_COOKIE
    return {
        # A name with __Host- counts only with the path of the whole host.
        "path": f"{request.script_root}/" if name == LOOPBACK_COOKIE else "/",
        "secure": name != LOOPBACK_COOKIE,
        "httponly": True,
        "samesite": "None" if is_framed else "Lax",
        "partitioned": is_framed,
    }
