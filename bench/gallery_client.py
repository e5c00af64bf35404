"""A stand-in for the React client of Fivetran's sample, whose code is not part of this repository.

Like the sample's, it is a production bundle of React that fetches the services and renders all of
them as cards. It leaves out what the sample's client does besides, and its server returns ready
bytes where the sample asks Fivetran, so it is faster than the sample.
"""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

CLIENT = Path(__file__).with_suffix(".js")
MODULES = CLIENT.parents[1] / "node_modules"
LIBRARIES = ("react/umd/react.production.min.js", "react-dom/umd/react-dom.production.min.js")
PATH, BUNDLE = "/react", "/react.js"
PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Services</title>
<style>
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(264px, 1fr)); gap: 14px; }}
.card {{ display: flex; gap: 12px; padding: 16px; border: 1px solid #d5dce6; }}
</style>
<script defer src="{BUNDLE}"></script></head><body><div id="root"></div></body></html>
"""


@cache
def bundle() -> bytes:
    """Return React and the client as one script; `npm ci` installs React."""
    return b"\n".join(
        path.read_bytes() for path in (*(MODULES / name for name in LIBRARIES), CLIENT)
    )


async def page(_request: Request) -> Response:
    """Return the client's page."""
    return HTMLResponse(PAGE)


async def script(_request: Request) -> Response:
    """Return the client's script."""
    return Response(bundle(), media_type="text/javascript")


routes = (Route(PATH, page), Route(BUNDLE, script))
