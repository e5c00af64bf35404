"""The cookies of the sign-ins under way: each holds the state with which a person comes back.

Each has its own name: restored tabs may all start a sign-in at once.
"""

from flask import Response, request

from pbf.identity.oidc.flow import Start
from pbf.identity.oidc.signed_state import STATE_LIFETIME
from pbf.paths import PREFIX

STATE_COOKIE = "pbf-sign-in-"
MOST_STATES = 5


def sent_state() -> str:
    """Return the cookie of the sign-in that the address names; empty if there is none."""
    return request.cookies.get(_name(request.args.get("state", "")), "")


def keep_state(response: Response, start: Start, *, secure: bool) -> None:
    """Have the browser keep the state of a sign-in, and delete those of the oldest ones."""
    states = [name for name in request.cookies if name.startswith(STATE_COOKIE)]
    for name in states[: max(0, len(states) - MOST_STATES + 1)]:
        response.delete_cookie(name, path=_path())
    response.set_cookie(
        _name(start.state),
        start.cookie,
        max_age=STATE_LIFETIME,
        path=_path(),
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def forget_state(response: Response) -> Response:
    """Have the browser delete the state of the sign-in that the address names."""
    name = _name(request.args.get("state", ""))
    if name in request.cookies:
        response.delete_cookie(name, path=_path())
    return response


def _path() -> str:
    return f"{request.script_root}{PREFIX}/"


def _name(state: str) -> str:
    return f"{STATE_COOKIE}{state[:8]}"
