"""Python processes that begin as copies of one that has imported the product.

Most of a server's start is importing. Each copy has its own folder, environment and output, and
runs a module as `python -m` does.
"""

import os
import runpy
import sys
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Pages are left out: some of their modules look for Streamlit's runtime when imported.
IMPORTED = [
    "altair",
    "pandas",
    "pbf.commands.command_line",
    "pbf.server.screen_checks",
    "pbf.server.streamlit_patches",
    "streamlit.web.bootstrap",
    "streamlit.web.cli",
]


def start(
    command: list[str], folder: Path, environment: dict[str, str], log: Path
) -> ForkServerProcess:
    """Run a module with arguments in a folder; what it prints goes to the log."""
    _start_fork_server()
    process = get_context("forkserver").Process(
        target=_run, args=(command, folder, environment, log)
    )
    process.start()
    return process


def stop(process: ForkServerProcess) -> None:
    """End a process as its supervisor would, and after 20 seconds at once."""
    process.terminate()
    process.join(20)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _start_fork_server() -> None:
    """Start the process that is copied, unless it runs."""
    forkserver.set_forkserver_preload(IMPORTED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        forkserver.ensure_running()


def _run(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    with log.open("w") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
