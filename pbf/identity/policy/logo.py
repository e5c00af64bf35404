"""The logo of a policy: an image beside the policy file, served by us."""

import hashlib
from pathlib import Path

from pbf.rules.access.policy import Logo

LARGEST = 256 * 1024
# How the content of each type begins.
TYPES = {
    ".svg": ("image/svg+xml", b""),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".webp": ("image/webp", b"RIFF"),
}


def read_logo(folder: Path, name: str) -> Logo:
    """Return an image of a folder, or raise ValueError with a sentence."""
    content_type, start = TYPES.get(Path(name).suffix.lower(), ("", b""))
    if not content_type:
        raise ValueError("The logo must be an SVG, PNG, JPEG or WebP file.")
    try:
        with (folder / name).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise ValueError("The logo cannot be read. Put it beside the policy file.") from None
    if len(content) > LARGEST:
        raise ValueError(f"The logo is larger than {LARGEST // 1024} KiB.")
    is_svg = content_type == "image/svg+xml"
    if not content.startswith(start) or (is_svg and b"<svg" not in content):
        raise ValueError("The logo is not an image of the type that its name says.")
    return Logo(content, content_type, hashlib.blake2b(content, digest_size=8).hexdigest())
