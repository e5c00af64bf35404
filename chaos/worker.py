"""One process of the run: python -m chaos.worker INDEX PROCESSES CREATIONS.

It repeats each creation of its share until it gets a response. When it is restarted after a kill,
it requests all of them again, as a user would who does not know the outcome.
"""

import queue
import sys
import threading
import time

from chaos.plan import Creation, share
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, InProgress, PbfError, StoreFailed
from pbf.rules.access.permissions import Role
from pbf.runtime import runtime

THREADS = 2
PAUSE = 0.1
TIMEOUT = 1.0
PUBLIC_URL = "http://127.0.0.1"


def main(index: int, processes: int, creations: int) -> int:
    """Carry out a share of the creations in two threads; return 1 if one has a wrong outcome."""
    pending: queue.SimpleQueue[Creation] = queue.SimpleQueue()
    for creation in share(index, processes, creations):
        pending.put(creation)
    errors: list[str] = []
    portal = runtime().portal
    threads = [
        threading.Thread(target=_work, args=(portal, pending, errors), daemon=True)
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*errors, sep="\n", end="", file=sys.stderr)
    return 1 if errors else 0


def _work(portal: Portal, pending: "queue.SimpleQueue[Creation]", errors: list[str]) -> None:
    CALLER.set(Caller("route", Role.EDITOR))
    while True:
        try:
            creation = pending.get_nowait()
        except queue.Empty:
            return
        try:
            schema = _create(portal, creation)
        except PbfError as error:
            errors.append(f"{creation.schema}: {type(error).__name__}")
        else:
            if schema != creation.schema:
                errors.append(f"{creation.schema}: became {schema}")


def _create(portal: Portal, creation: Creation) -> str:
    """Repeat a creation until it succeeds, and return the connector's permanent name."""
    while True:
        try:
            connector = portal.create(
                creation.service,
                creation.typed,
                public_url=PUBLIC_URL,
                attempt=creation.key,
                patience=TIMEOUT,
            )
        except (ApiError, InProgress, StoreFailed):
            time.sleep(PAUSE)
        else:
            return connector.schema_name


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
