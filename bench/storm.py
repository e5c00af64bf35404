"""One tenant's storm: as many requests at once as its callers can send, from a process of its own.

python -m bench.storm URL KIND sends "changes" or "reads" with the Authorization header that it
reads from its input. It prints a line once it begins, and ends with its input. In the process
that measures, it would slow what is measured.
"""

import sys
import threading

import requests

# The callers at once.
CALLERS = 16


def send(url: str, kind: str, authorization: str, number: int, ended: threading.Event) -> None:
    """Send requests until the end; a refused caller waits for the time in Retry-After."""
    with requests.Session() as session:
        session.headers["Authorization"] = authorization
        while not ended.is_set():
            if kind == "reads":
                answer = session.get(url, timeout=60)
            else:
                answer = session.patch(url, json={"paused": number % 2 == 0}, timeout=60)
            ended.wait(float(answer.headers.get("Retry-After", 0)))


def main() -> int:
    """Send until the input ends."""
    url, kind = sys.argv[1:]
    authorization, ended = sys.stdin.readline().strip(), threading.Event()
    callers = [
        threading.Thread(target=send, args=(url, kind, authorization, number, ended), daemon=True)
        for number in range(CALLERS)
    ]
    for caller in callers:
        caller.start()
    print("begun", flush=True)
    sys.stdin.read()
    ended.set()
    return 0


if __name__ == "__main__":
    sys.exit(main())
