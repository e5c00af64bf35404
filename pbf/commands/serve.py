"""The command `serve`: the dashboard, as `streamlit run app.py` serves it."""

import runpy
import signal
import sys
from types import FrameType

from pbf.paths import DASHBOARD


def serve_dashboard(host: str, port: int) -> None:
    """Serve the dashboard in this process until it is stopped; Streamlit then ends the process.

    Its other options are taken from the environment, such as STREAMLIT_SERVER_SSL_CERT_FILE.
    """
    address = ["--server.address", host, "--server.port", str(port)]
    signal.signal(signal.SIGTERM, _exit)
    sys.argv = ["streamlit", "run", str(DASHBOARD / "app.py"), *address]
    runpy.run_module("streamlit", run_name="__main__")


def _exit(_signal: int, _frame: FrameType | None) -> None:
    """Exit with status 0: the server sends itself the signal again once it has shut down."""
    sys.exit(0)
