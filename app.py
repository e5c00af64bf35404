"""The server: Streamlit with the Flask routes mounted beside it, one process, one port.

Modules that the first page does not need are imported in functions, for a fast start.
"""

import logging
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import streamlit as st
import streamlit.config
from a2wsgi import WSGIMiddleware
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from pbf import logs
from pbf.config import check_listening, load_settings
from pbf.errors import ConfigurationError, PbfError
from pbf.jobs.starter import JobThread
from pbf.metrics.thread_waits import NoteArrival, measured
from pbf.metrics.tracing.spans import start_tracing
from pbf.paths import PACKAGE, PREFIX, SANDBOX_PATH, loopback_origin, path_of
from pbf.server.auth_middleware.authenticator import Authenticator, NoSignIn
from pbf.server.auth_middleware.fair_turns import FairTurns
from pbf.server.auth_middleware.middleware import Authenticate
from pbf.server.compression import CompressStatic
from pbf.server.connections.descriptors import raise_descriptor_limit
from pbf.server.index_html import ServeIndexHtml
from pbf.server.lazy_app import (
    LazyApp,
    background_loading,
    collect_garbage_less_often,
)
from pbf.server.path_prefix.asgi import RemovePrefix
from pbf.server.path_prefix.wsgi import UnderPrefix
from pbf.server.probes.answers import LIVENESS, READINESS, ReadinessWatch
from pbf.server.request_body import BufferRequestBody
from pbf.server.revisions.route import PATH as REVISION
from pbf.server.revisions.route import RevisionRoute
from pbf.server.screen_checks import LARGEST_MESSAGE, CheckRequests
from pbf.server.security_headers import ProtectScreens
from pbf.server.shutdown import call_on_shutdown
from pbf.server.streamlit_patches import (
    ignore_forwarded_for,
    ignore_fragments_of_left_pages,
    keep_unsent_elements,
    limit_message_size,
    set_socket_options,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from pbf.jobs.runner import JobRunner
    from pbf.runtime.readiness import ReadinessCheck

# Each mount has its own threads: routes that wait for the sandbox must not block it.
ROUTE_THREADS = 10
SANDBOX_THREADS = 10
# The chunks of an answer that may wait for its reader: 0 is no limit, and no thread waits as well.
UNLIMITED = 0
# Seconds to wait before the API is loaded, so that the first page is faster.
API_LOAD_DELAY = 3.0
# Streamlit's own log message for an error in a page.
UNCAUGHT = "Uncaught app execution"

ICON = PACKAGE / "ui" / "assets" / "icon.svg"
# The apps that are mounted beside Streamlit.
MOUNTED = (PREFIX, SANDBOX_PATH)

logger = logging.getLogger("pbf")


def open_job_runner() -> "JobRunner":
    """Return what does the background work; the runtime is opened for it."""
    from pbf.runtime.jobs import job_runner

    return job_runner()


@cache
def readiness_check() -> "ReadinessCheck":
    """Return what looks at the dependencies of this process; it opens the runtime."""
    from pbf.runtime import runtime
    from pbf.runtime.readiness import ReadinessCheck

    return ReadinessCheck(runtime)


def add_demo_people() -> None:
    """Make the people of the demo members of their tenants, where there is a demo."""
    from pbf.runtime import runtime

    if demo := runtime().identity.demo:
        demo.add_people()


def receive_from_sandbox() -> None:
    """Have the embedded sandbox, if it is used, send its webhooks to this server."""
    from pbf.runtime import runtime

    host, port = st.get_option("server.address") or "", st.get_option("server.port")
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    runtime().receive_from_sandbox(loopback_origin(host, port, scheme))


def authenticator() -> Authenticator:
    """Return what knows the sessions; the runtime is opened when one is looked for.

    Raises ConfigurationError as long as the settings are invalid.
    """
    settings = load_settings()
    if not settings.has_people:
        return NoSignIn()
    from pbf.identity.page_authenticator import PageAuthenticator
    from pbf.runtime import runtime

    is_required = bool(settings.sign_in.methods)
    return PageAuthenticator(lambda: runtime().identity, is_required=is_required)


def load_api() -> "WSGIApplication":
    """Return the JSON API."""
    from pbf.proxy import create_app

    # CheckRequests checks the host.
    return UnderPrefix(create_app(check_host=False, threads=ROUTE_THREADS))


def load_sandbox() -> "WSGIApplication":
    """Return the embedded sandbox."""
    from pbf.runtime import embedded_sandbox

    return UnderPrefix(embedded_sandbox)


def first_screen(path: str, session_id: str | None, url: str) -> bytes | None:
    """Return what a page shows before Streamlit has started; None until all for it is loaded."""
    if not has_first_screens.is_set():
        return None
    from pbf.ui.first_screen.screens import first_screen

    return first_screen(path, session_id, url)


def load_first_screens() -> None:
    """Load what draws first screens, most of which the pages use too."""
    from pbf.ui.first_screen.screens import load

    load()
    has_first_screens.set()


def look_up_revision(cookies: Sequence[str], headers: Mapping[str, str], subject: str) -> str:
    """Return the revision of what a subject's pages show to the session of one of the cookies."""
    from pbf.runtime import runtime

    return runtime().revisions.of_request(cookies, headers, subject)


def release_waiters() -> None:
    """Release the threads that wait for Fivetran."""
    from pbf.runtime import release_waiters

    release_waiters()


api = LazyApp(load_api)
sandbox = LazyApp(load_sandbox)
has_first_screens = threading.Event()
readiness = ReadinessWatch(lambda: readiness_check()())


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Set up logs, patches and background work, and fill the cache before the first visit."""
    logs.set_up()
    raise_descriptor_limit()
    check_address()
    start_tracing()
    log_pages_once()
    collect_garbage_less_often()
    worker = JobThread(open_job_runner)
    ended = threading.Event()
    stops = (release_waiters, worker.stop, readiness.stop, ended.set)
    call_on_shutdown(*stops, drain=seconds_to_drain())
    set_socket_options()
    ignore_forwarded_for()
    limit_message_size(LARGEST_MESSAGE)
    ignore_fragments_of_left_pages()
    keep_unsent_elements()
    thread = threading.Thread(target=start_up, args=(worker, ended), name="start-up", daemon=True)
    thread.start()
    yield
    worker.stop()
    readiness.stop()
    ended.set()


def seconds_to_drain() -> float:
    """Return for how long SIGTERM waits for writes under way."""
    try:
        return load_settings().drain
    except ConfigurationError:
        return 0.0  # nothing can be written


def check_address() -> None:
    """Raise ConfigurationError if everybody could reach a real account without sign-in.

    Also raise it if Streamlit's own setting names another prefix than our address.
    """
    try:
        settings = load_settings()
    except ConfigurationError:
        return  # every page shows the error
    check_listening(settings, st.get_option("server.address") or "")
    if BASE_PATH.strip("/") not in ("", path_of(settings.public_url).strip("/")):
        raise ConfigurationError(
            "server.baseUrlPath is not the path of PBF_PUBLIC_URL. Remove server.baseUrlPath, and "
            "set PBF_PUBLIC_URL to the address with its path, such as https://example.com/data."
        )


def start_up(worker: JobThread, ended: threading.Event) -> None:
    """Load what the first page needs, then the rest, and start the background work."""
    try:
        warm_up(ended)
    finally:
        worker.start()


def warm_up(ended: threading.Event) -> None:
    """Fill the cache; load first screens and the API once the first page is likely to be shown.

    An error is logged here, and shown on every page.
    """
    with background_loading():
        try:
            from pbf.runtime import runtime
            from pbf.runtime.metrics import start_metrics

            start_metrics()
            first = runtime().portal
            first.services()
            first.connectors()
        except PbfError as error:
            logger.warning("%s", error)
        if not ended.wait(API_LOAD_DELAY):
            load_first_screens()
            api.load()
            with suppress(PbfError):  # every page shows the error
                add_demo_people()
                receive_from_sandbox()


def in_threads(wsgi_app: "WSGIApplication", workers: int) -> ASGIApp:
    """Return a WSGI app as an ASGI app with threads of its own."""
    # The types of a2wsgi for WSGI and ASGI are narrower than those of werkzeug and Starlette.
    threads = WSGIMiddleware(
        cast(Any, measured(wsgi_app)), workers=workers, send_queue_size=UNLIMITED
    )
    return NoteArrival(cast(ASGIApp, threads))


async def icon(_request: Request) -> FileResponse:
    """Return the icon; browsers use its content type, not its name."""
    return FileResponse(
        ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
    )


def log_pages_once() -> None:
    """Leave logging the errors of pages to `on_script_error`.

    Streamlit logs them as well, and prints them in full, bypassing the logs, if rich is installed.
    """
    st.set_option("logger.enableRich", False)
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.msg != UNCAUGHT)


def on_script_error(error: Exception) -> bool:
    """Show a sentence instead of a traceback, and log the error."""
    reference = logs.request_id() or logs.begin_request()
    logger.error("unexpected %s", type(error).__name__, exc_info=error)
    st.error(
        "Something went wrong here. Reload the page; nothing you saved is lost. "
        f"Reference: {reference}."
    )
    return True


if streamlit.config._main_script_path is None:
    # Not started by `streamlit run`: make Streamlit look for .streamlit/ beside this file.
    streamlit.config._main_script_path = __file__
# RemovePrefix handles the prefix for all parts of the server; Streamlit itself runs at the root.
BASE_PATH: str = st.get_option("server.baseUrlPath")
streamlit.config.set_option("server.baseUrlPath", "")
routes_app = BufferRequestBody(FairTurns(in_threads(api, ROUTE_THREADS)))
sandbox_app = in_threads(sandbox, SANDBOX_THREADS)
app = st.App(
    PACKAGE / "menu.py",
    lifespan=lifespan,
    on_script_error=on_script_error,
    middleware=[
        Middleware(RemovePrefix),
        Middleware(ProtectScreens),
        Middleware(CheckRequests),
        Middleware(Authenticate, load=authenticator),
        Middleware(ServeIndexHtml, mounted=MOUNTED, first_screen=first_screen),
        Middleware(CompressStatic),
    ],
    routes=[
        # The path at which Streamlit's page expects it.
        Route("/favicon.png", icon),
        Route(LIVENESS, readiness.respond),
        Route(READINESS, readiness.respond),
        Route(REVISION, RevisionRoute(look_up_revision).respond),
        # A Mount would remove the prefix, which the routes have when they are served alone.
        Route(f"{PREFIX}/{{path:path}}", routes_app),
        Mount(SANDBOX_PATH, sandbox_app),
        # Also without the slash; otherwise Streamlit would show its page there.
        Route(PREFIX, routes_app),
        Route(SANDBOX_PATH, sandbox_app),
    ],
)
