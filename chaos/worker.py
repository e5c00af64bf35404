"""One process of the run: python -m chaos.worker PLACE PROCESSES CREATIONS.

It asks for its share of the creations, each until it has an answer. Started again after it was
killed, it asks for all of them again, as somebody would who does not know what came of it.
"""

import queue
import sys
import threading
import time

from chaos.plan import Wish, share
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, InProgress, PbfError, StoreFailed
from pbf.runtime import runtime

THREADS = 2
PAUSE = 0.1
PATIENCE = 1.0
PUBLIC_URL = "http://127.0.0.1"


def main(place: int, processes: int, creations: int) -> int:
    """Carry out a share of the creations in two threads; 1 if one led to something else."""
    wishes: queue.SimpleQueue[Wish] = queue.SimpleQueue()
    for wish in share(place, processes, creations):
        wishes.put(wish)
    wrong: list[str] = []
    portal = runtime().portal
    threads = [
        threading.Thread(target=_work, args=(portal, wishes, wrong), daemon=True)
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*wrong, sep="\n", end="", file=sys.stderr)
    return 1 if wrong else 0


def _work(portal: Portal, wishes: "queue.SimpleQueue[Wish]", wrong: list[str]) -> None:
    while True:
        try:
            wish = wishes.get_nowait()
        except queue.Empty:
            return
        try:
            made = _insist(portal, wish)
        except PbfError as error:
            wrong.append(f"{wish.schema}: {type(error).__name__}")
        else:
            if made != wish.schema:
                wrong.append(f"{wish.schema}: became {made}")


def _insist(portal: Portal, wish: Wish) -> str:
    """Ask until there is an answer, and return the permanent name of the connector."""
    while True:
        try:
            made = portal.create(
                wish.service,
                wish.typed,
                public_url=PUBLIC_URL,
                attempt=wish.key,
                patience=PATIENCE,
            )
        except (ApiError, InProgress, StoreFailed):
            time.sleep(PAUSE)
        else:
            return made.schema_name


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
