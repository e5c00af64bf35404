"""The floor of the screens: an empty page, a page with a ten-row table, and bare routes."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from a2wsgi import WSGIMiddleware
from starlette.routing import Route

from bench import gallery_client
from bench.floor import PATHS, bare_app, fetch
from pbf.server.streamlit_patches import set_socket_options

THREADS = 10
like = os.environ.get("BENCH_LIKE")
pages = fetch(like, PATHS) if like else {}


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Set the same socket options as the product; otherwise each response takes 40 ms longer."""
    set_socket_options()
    yield


# a2wsgi and Flask describe the same WSGI interface with different types.
routes = WSGIMiddleware(bare_app(pages), workers=THREADS)  # type: ignore[arg-type]
app = st.App(
    Path(__file__).with_name("floor_pages") / "menu.py",
    lifespan=lifespan,
    routes=[Route("/_/{path:path}", routes), *gallery_client.routes],
)
