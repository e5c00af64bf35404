"""Answers of a provider, each read as a whole, in a limited time and up to a limited size."""

from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from pbf.concurrency.deadline import deadline

# In bytes, after decompression. A userinfo with all groups of a person may take some 100 kB.
LARGEST = 1_000_000
CHUNK = 64 * 1024


class WholeAnswers(HTTPAdapter):
    """Reads the body with the head, so that nobody waits for it longer or keeps more of it."""

    def __init__(self, seconds: float) -> None:
        """Limit every answer to so many seconds."""
        super().__init__()
        self._seconds = seconds

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Return an answer with its body; raise RequestException, which is an OSError."""
        with deadline(self._seconds):
            response = super().send(request, *args, **options)
            content = bytearray()
            for chunk in response.iter_content(CHUNK):
                content += chunk
                if len(content) > LARGEST:
                    response.close()
                    raise RequestException(f"The answer is longer than {LARGEST} bytes.")
        # What `response.content` would keep itself.
        response._content = bytes(content)
        return response
