"""A process that sends what is due: python -m tests.watch.sending_process DATABASE_URL LEASE.

It begins when it reads a line, and ends when no message waits.
"""

import sys
import threading
import time

from pbf.store.store import Store
from pbf.watch.notifications import delivery
from pbf.watch.notifications.sending import Sender

FAR = 1e12


def main(url: str, lease: str) -> None:
    """Send until nothing waits."""
    delivery.LEASE = float(lease)
    store = Store(url)
    sends = delivery.Delivery(store, Sender(allow_private=True), lambda group, person: True)
    print("ready", flush=True)
    sys.stdin.readline()
    while store.notifications.due(FAR, 1):
        sends.run()
        due = store.notifications.due(time.time(), 100)
        held = [row.lease_until for row in due if store.notifications.is_held(row)]
        threading.Event().wait(min([0.05, *(until - time.time() for until in held)]))
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
