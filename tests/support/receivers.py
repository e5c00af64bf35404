"""Real servers that receive what is sent: mail, and webhooks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

from aiosmtpd.controller import Controller

from tests.support.servers import free_port

# A message that is refused at first is sent again after a minute.
PATIENCE = 100


class Mailbox:
    """What an SMTP server took: sender, recipients, and the mail."""

    def __init__(self):
        self.mails, self.refuses, self.url = [], False, ""
        self._arrived = SimpleQueue()

    async def handle_DATA(self, server, session, envelope):
        """Take a mail, or refuse it."""
        if self.refuses:
            return "550 mailbox unavailable"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        self._arrived.put(mail)
        return "250 OK"

    def next(self):
        """Wait for the next mail, and return it."""
        return self._arrived.get(timeout=PATIENCE)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run an SMTP server until the block ends; its `url` is a setting."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.url = f"mailto://127.0.0.1:{controller.port}?from=data@vendor.example"
    try:
        yield box
    finally:
        controller.stop()


class Receiver(ThreadingHTTPServer):
    """An HTTP server that keeps its requests, and answers with `statuses` or 204.

    It answers as long as the event `answers` is set.
    """

    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests, self.statuses, self.arrived = [], [], SimpleQueue()
        self.answers = threading.Event()
        self.answers.set()
        self.url = f"http://127.0.0.1:{self.server_port}/hooks/a?b=c"

    def next(self):
        """Wait for the next request, and return its path, headers and body."""
        return self.arrived.get(timeout=PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        request = (self.path, dict(self.headers), body)
        self.server.requests.append(request)
        self.server.arrived.put(request)
        self.server.answers.wait(PATIENCE)
        with suppress(OSError):  # whoever asked may be gone
            self.send_response(self.server.statuses.pop() if self.server.statuses else 204)
            self.end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """Run a receiver of webhooks until the block ends."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
