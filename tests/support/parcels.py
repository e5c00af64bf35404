"""What a page hands its components, opened as the browser does."""

import json
import zlib
from contextlib import suppress
from typing import Any

from streamlit.proto.BidiComponent_pb2 import BidiComponent

GZIP_START = b"\x1f\x8b\x08"
GZIP = 16 + zlib.MAX_WBITS


def opened(component: BidiComponent) -> dict[str, Any]:
    """Return a component's data: as it is, or the label and the body of a parcel as one."""
    if component.WhichOneof("data") != "bytes":
        return json.loads(component.json)
    label, _, body = component.bytes.partition(b"\n")
    return json.loads(label) | json.loads(zlib.decompress(body, GZIP))


def unpacked(content: bytes) -> bytes:
    """Return bytes as they are, and after them in plain what is packed among them."""
    found, at = [content], content.find(GZIP_START)
    while at >= 0:
        with suppress(zlib.error):  # what only looks like a start
            found.append(zlib.decompressobj(GZIP).decompress(content[at:]))
        at = content.find(GZIP_START, at + 1)
    return b"\n".join(found)
