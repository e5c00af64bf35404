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
from starlette.routing import Mount, Route

from pbf import logs
from pbf.bodies import ReadFirst
from pbf.compression import CompressStatic
from pbf.door import PREFIX
from pbf.ending import let_go_at_the_end
from pbf.errors import PbfError
from pbf.headers import ProtectScreens
from pbf.proxy import create_app
from pbf.reruns import leave_no_timer_behind
from pbf.runtime import SANDBOX_PATH, embedded_sandbox, let_go, runtime
from pbf.sockets import send_at_once

# Each mount has threads of its own: a route that waits for the sandbox must not starve it.
ROUTE_THREADS = 10
SANDBOX_THREADS = 10
# How Streamlit's own log line on it begins.
UNCAUGHT = "Uncaught app execution"

logger = logging.getLogger("pbf")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Ask for both lists before the first visitor does, and keep nobody waiting, then or after."""
    logs.set_up()
    log_pages_once()
    let_go_at_the_end(let_go)
    send_at_once()
    leave_no_timer_behind()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    yield


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
        Middleware(ProtectScreens, mounted=(PREFIX, SANDBOX_PATH)),
        Middleware(CompressStatic),
    ],
    routes=[
        # A Mount would cut off the prefix that the routes have when they are served alone.
        Route(
            f"{PREFIX}/{{path:path}}",
            ReadFirst(WSGIMiddleware(create_app(), workers=ROUTE_THREADS)),
        ),
        Mount(SANDBOX_PATH, WSGIMiddleware(embedded_sandbox, workers=SANDBOX_THREADS)),
    ],
)
