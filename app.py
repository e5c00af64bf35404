"""The server: Streamlit with the Flask routes mounted beside it, one process, one port."""

import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from a2wsgi import WSGIMiddleware
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route

from pbf import logs
from pbf.bodies import ReadFirst
from pbf.compression import CompressStatic
from pbf.door import PREFIX
from pbf.ending import let_go_at_the_end
from pbf.errors import PbfError
from pbf.first_page import SendFirstPage
from pbf.headers import ProtectScreens
from pbf.housekeeping import Housekeeper
from pbf.proxy import create_app
from pbf.reruns import leave_no_timer_behind
from pbf.runtime import SANDBOX_PATH, embedded_sandbox, let_go, runtime
from pbf.sockets import send_at_once

# Each mount has threads of its own: a route that waits for the sandbox must not starve it.
ROUTE_THREADS = 10
SANDBOX_THREADS = 10
# How Streamlit's own log line on it begins.
UNCAUGHT = "Uncaught app execution"

ICON = Path(__file__).with_name("pbf") / "assets" / "icon.svg"
# What has answers and headers of its own.
MOUNTED = (PREFIX, SANDBOX_PATH)

logger = logging.getLogger("pbf")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Ask for both lists before the first visitor does, and keep nobody waiting, then or after."""
    logs.set_up()
    log_pages_once()
    keeper = Housekeeper(lambda: runtime().portal)
    let_go_at_the_end(let_go, keeper.stop)
    send_at_once()
    leave_no_timer_behind()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    keeper.start()
    yield
    keeper.stop()


def warm_up() -> None:
    """Fill the cache; what is wrong is said in the log, and on every page."""
    try:
        portal = runtime().portal
        portal.services()
        portal.connectors()
    except PbfError as error:
        logger.warning("%s", error)
    # What there is by now stays: looking through it for garbage would hold everybody up in vain.
    gc.collect()
    gc.freeze()


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
    known = logs.request_id() or logs.begin()
    logger.error("unexpected %s", type(error).__name__, exc_info=error)
    st.error(
        "Something went wrong here. Reload the page; nothing you saved is lost. "
        f"Reference: {known}."
    )
    return True


app = st.App(
    Path(__file__).with_name("pbf") / "menu.py",
    lifespan=lifespan,
    on_script_error=on_script_error,
    middleware=[
        Middleware(ProtectScreens, mounted=MOUNTED),
        Middleware(SendFirstPage, mounted=MOUNTED),
        Middleware(CompressStatic),
    ],
    routes=[
        # Where Streamlit's page looks for it.
        Route("/favicon.png", icon),
        # A Mount would cut off the prefix that the routes have when they are served alone.
        Route(
            f"{PREFIX}/{{path:path}}",
            ReadFirst(WSGIMiddleware(create_app(), workers=ROUTE_THREADS)),
        ),
        Mount(SANDBOX_PATH, WSGIMiddleware(embedded_sandbox, workers=SANDBOX_THREADS)),
    ],
)
