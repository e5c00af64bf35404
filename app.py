"""The server: Streamlit with the Flask routes mounted beside it, one process, one port.

It is up before most of it is loaded, hence the imports within functions.
"""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
import streamlit.config
from a2wsgi import WSGIMiddleware
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route

from pbf import logs
from pbf.connectors.background import Housekeeper
from pbf.errors import PbfError
from pbf.paths import PREFIX, SANDBOX_PATH
from pbf.server.asgi_checks import LARGEST_MESSAGE, CheckRequests
from pbf.server.compression import CompressStatic
from pbf.server.index_html import ServeIndexHtml
from pbf.server.lazy_app import LazyApp, loading
from pbf.server.request_body import BufferRequestBody
from pbf.server.security_headers import ProtectScreens
from pbf.server.shutdown import call_on_shutdown
from pbf.server.streamlit_patches import (
    enable_tcp_nodelay,
    ignore_forwarded_for,
    ignore_timers_of_left_pages,
    limit_message_size,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from pbf.connectors.portal import Portal

# Each mount has threads of its own: a route that waits for the sandbox must not starve it.
ROUTE_THREADS = 10
SANDBOX_THREADS = 10
# In seconds, after all that a page needs is there.
FIRST_PAGE = 3.0
# How Streamlit's own log line on it begins.
UNCAUGHT = "Uncaught app execution"

ICON = Path(__file__).with_name("pbf") / "ui" / "assets" / "icon.svg"
# What has answers and headers of its own.
MOUNTED = (PREFIX, SANDBOX_PATH)

logger = logging.getLogger("pbf")


def portal() -> "Portal":
    """Return the portal."""
    from pbf.runtime import runtime

    return runtime().portal


def load_door() -> "WSGIApplication":
    """Return the JSON routes."""
    from pbf.proxy import create_app

    return create_app()


def load_sandbox() -> "WSGIApplication":
    """Return the embedded sandbox."""
    from pbf.runtime import embedded_sandbox

    return embedded_sandbox


def release_waiters() -> None:
    """Free whoever waits for Fivetran."""
    from pbf.runtime import release_waiters

    release_waiters()


door = LazyApp(load_door)
sandbox = LazyApp(load_sandbox)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Ask for both lists before the first visitor does, and keep nobody waiting, then or after."""
    logs.set_up()
    log_pages_once()
    keeper = Housekeeper(portal)
    ended = threading.Event()
    call_on_shutdown(release_waiters, keeper.stop, ended.set)
    enable_tcp_nodelay()
    ignore_forwarded_for()
    limit_message_size(LARGEST_MESSAGE)
    ignore_timers_of_left_pages()
    threading.Thread(target=warm_up, args=(ended,), name="warm-up", daemon=True).start()
    keeper.start()
    yield
    keeper.stop()
    ended.set()


def warm_up(ended: threading.Event) -> None:
    """Fill the cache, and load the routes once the first page is likely to be shown.

    What is wrong is said in the log, and on every page.
    """
    with loading():
        try:
            opened = portal()
            opened.services()
            opened.connectors()
        except PbfError as error:
            logger.warning("%s", error)
        if not ended.wait(FIRST_PAGE):
            door.loaded()


async def icon(_request: Request) -> FileResponse:
    """Return the icon; browsers go by the type, not by the name."""
    return FileResponse(
        ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
    )


def log_pages_once() -> None:
    """Leave what a page raises to `on_script_error`.

    Streamlit logs it as well, and where rich is installed prints it in full past every log.
    """
    st.set_option("logger.enableRich", False)
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.msg != UNCAUGHT)


def on_script_error(error: Exception) -> bool:
    """Show a sentence instead of a traceback, and log where it happened."""
    known = logs.request_id() or logs.begin_request()
    logger.error("unexpected %s", type(error).__name__, exc_info=error)
    st.error(
        "Something went wrong here. Reload the page; nothing you saved is lost. "
        f"Reference: {known}."
    )
    return True


if streamlit.config._main_script_path is None:
    # Started by another server than `streamlit run`, which would look for .streamlit/ here, too.
    streamlit.config._main_script_path = __file__
routes_app = BufferRequestBody(WSGIMiddleware(door, workers=ROUTE_THREADS))
sandbox_app = WSGIMiddleware(sandbox, workers=SANDBOX_THREADS)
app = st.App(
    Path(__file__).with_name("pbf") / "menu.py",
    lifespan=lifespan,
    on_script_error=on_script_error,
    middleware=[
        Middleware(ProtectScreens),
        Middleware(CheckRequests),
        Middleware(ServeIndexHtml, mounted=MOUNTED),
        Middleware(CompressStatic),
    ],
    routes=[
        # Where Streamlit's page looks for it.
        Route("/favicon.png", icon),
        # A Mount would cut off the prefix that the routes have when they are served alone.
        Route(f"{PREFIX}/{{path:path}}", routes_app),
        Mount(SANDBOX_PATH, sandbox_app),
        # Without the slash, too; else Streamlit would show its page there.
        Route(PREFIX, routes_app),
        Route(SANDBOX_PATH, sandbox_app),
    ],
)
