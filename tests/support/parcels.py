"""The data that a page sends to its components, decoded as the browser does."""

import json
import zlib
from contextlib import suppress
from typing import Any

from streamlit.proto.BidiComponent_pb2 import BidiComponent

GZIP_START = b"\x1f\x8b\x08"
GZIP = 16 + zlib.MAX_WBITS


def opened(component: BidiComponent) -> dict[str, Any]:
    """Return a component's data: plain JSON, or label and compressed body together."""
    if component.WhichOneof("data") != "bytes":
        return json.loads(component.json)
    label, _, body = component.bytes.partition(b"\n")
    return json.loads(label) | json.loads(zlib.decompress(body, GZIP))


def unpacked(content: bytes) -> bytes:
    """Return bytes, followed by the decompressed content of each gzip part in them."""
    parts, at = [content], content.find(GZIP_START)
    while at >= 0:
        with suppress(zlib.error):  # the bytes only look like a gzip header
            parts.append(zlib.decompressobj(GZIP).decompress(content[at:]))
        at = content.find(GZIP_START, at + 1)
    return b"\n".join(parts)
