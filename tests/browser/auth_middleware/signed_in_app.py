"""A server with sessions that tests start and end; the middleware stands in front of its page."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pbf.config import Settings
from pbf.server.auth_middleware.middleware import Authenticate
from pbf.server.index_html import ServeIndexHtml
from pbf.server.screen_checks import CheckRequests
from tests.browser.auth_middleware import counts
from tests.support.fake_sessions import FakeSessions

sessions = FakeSessions()
counts.is_valid = lambda session_id: session_id in sessions.valid
VENDOR = "http://127.0.0.1:1"


async def change(request: Request) -> Response:
    """Start, revoke or expire a session."""
    session_id = request.path_params["session_id"]
    action = {
        "start": sessions.valid.add,
        "revoke": sessions.revoke,
        "expire": sessions.expire,
    }[request.path_params["action"]]
    action(session_id)
    return JSONResponse({})


async def counted(request: Request) -> Response:
    """Return how often the page and its fragment ran for a session, and how active it was."""
    session_id = request.path_params["session_id"]
    return JSONResponse(
        {
            "page": counts.pages[session_id],
            "fragment": counts.fragments[session_id],
            "touched": sessions.touched.count(session_id),
        }
    )


async def sign_in(request: Request) -> Response:
    """Stand for the sign-in page."""
    return PlainTextResponse(f"Sign in to continue to {request.query_params['next']}")


app = st.App(
    Path(__file__).with_name("signed_in_page.py"),
    middleware=[
        Middleware(CheckRequests, read=Settings),
        Middleware(
            Authenticate,
            load=lambda: sessions,
            read=lambda: Settings(frame_ancestors=(VENDOR,)),
        ),
        Middleware(ServeIndexHtml, mounted=("/_",)),
    ],
    routes=[
        Route("/_/sign-in", sign_in),
        Route("/_/counts/{session_id}", counted),
        Route("/_/{action}/{session_id}", change, methods=["POST"]),
    ],
)
