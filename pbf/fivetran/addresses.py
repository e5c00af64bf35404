"""Paths of Fivetran's endpoints that contain an id."""

from urllib.parse import quote

from pbf.errors import NotFound


def quoted(part: str) -> str:
    """Return an id as one segment of a path; raise NotFound for what cannot be one."""
    # As segments of a path these would change it; quoting does not help, requests undoes "%2E".
    if part in ("", ".", ".."):
        raise NotFound("There is nothing with that id.")
    return quote(part, safe="")


def connection(connector_id: str, action: str = "") -> str:
    """Return the path of a connection, or of an action on it, such as "/sync"."""
    return f"/connections/{quoted(connector_id)}{action}"
