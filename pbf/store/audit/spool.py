"""The audit spool: files on disk in which entries of the audit log wait for the database.

Each process has a file of its own, private, with one JSON object on each line. All lines have the
same length. An action takes a line before it begins, so its entry finds room on the disk whatever
happens meanwhile. The line is overwritten with the outcome if the database does not take the entry,
and emptied if it does. A process locks its file as long as it lives; a file without a lock was left
behind by a process that was killed, and any other process stores its entries.
"""

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path
from uuid import uuid4

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
# In bytes. An entry takes some 400; only long texts in other alphabets are cut.
LINE = 4096
EMPTY = b" " * (LINE - 1) + b"\n"
# The file of a process has 40 MB at most.
MOST_LINES = 10_000
# What is cut if an entry does not fit, and to how many characters.
TEXTS = ("details", "name", "actor_name", "outcome")
CUT = 100

# The fields of an entry of the audit log.
Values = dict[str, str]


class SpoolFailed(Exception):
    """The spool cannot be written, or is full; the text says which."""


class AuditSpool:
    """The files of one database's audit log in a folder, one of which is this process's own."""

    def __init__(self, folder: Path, database: str, *, most: int = MOST_LINES) -> None:
        """Use a folder, which is made when it is needed; `database` tells databases apart."""
        self.folder = folder
        self._prefix = sha256(database.encode()).hexdigest()[:12]
        self._most = most
        self._lock = threading.Lock()
        self._file: int | None = None
        self._path: Path | None = None
        self._lines = 0
        self._free: list[int] = []
        self._waiting: dict[int, Values] = {}

    def reserve(self, entry: Values) -> int:
        """Write the beginning of an action, and return the line it takes; raise SpoolFailed."""
        with self._lock:
            is_new = not self._free
            line = self._lines if is_new else self._free[-1]
            if line >= self._most:
                raise SpoolFailed("it is full")
            try:
                self._write(line, _encoded(entry))
            except OSError as error:
                raise SpoolFailed(os.strerror(error.errno or errno.EIO)) from error
            if is_new:
                self._lines += 1
            else:
                self._free.pop()
            return line

    def keep(self, line: int, entry: Values) -> None:
        """Write an entry that waits for the database to the disk; raise OSError."""
        with self._lock:
            self._waiting[line] = entry
            self._write(line, _encoded(entry))
            os.fsync(self._open())

    def release(self, line: int) -> None:
        """Empty a line, whose entry the database has; raise OSError."""
        with self._lock:
            self._waiting.pop(line, None)
            self._free.append(line)
            if len(self._free) == self._lines:
                os.ftruncate(self._open(), 0)
                self._lines, self._free = 0, []
            else:
                self._write(line, EMPTY)

    def oldest(self, number: int) -> dict[int, Values]:
        """Return this process's first waiting entries, by their lines."""
        with self._lock:
            return dict(islice(self._waiting.items(), number))

    @property
    def has_own(self) -> bool:
        """Whether entries of this process wait."""
        return bool(self._waiting)

    def waiting(self) -> int:
        """Return how many entries wait, with those of processes that were killed."""
        left_behind = 0
        for path in self._files():
            with _adopted(path) as file:
                left_behind += file is not None and os.fstat(file).st_size // LINE
        return len(self._waiting) + left_behind

    def left_behind(self) -> Iterator[list[Values]]:
        """Yield the entries of each file whose process has ended, and then remove the file."""
        for path in self._files():
            with _adopted(path) as file:
                if file is not None:
                    yield _decoded(file)
                    path.unlink()

    def is_writable(self) -> bool:
        """Return whether the folder can be written, or made; it is not made now."""
        folder = next(
            path for path in (self.folder, *self.folder.absolute().parents) if path.exists()
        )
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)

    def close(self) -> None:
        """Remove this process's file, unless an entry is in it for the next process."""
        with self._lock:
            if self._file is None or self._path is None:
                return
            if not self._lines:
                with suppress(OSError):
                    self._path.unlink()
            os.close(self._file)
            self._file = self._path = None

    def _files(self) -> list[Path]:
        paths = self.folder.glob(f"{self._prefix}-*.jsonl")
        return sorted(path for path in paths if path != self._path)

    def _write(self, line: int, data: bytes) -> None:
        file = self._open()
        try:
            if os.pwrite(file, data, line * LINE) != LINE:
                raise OSError(errno.ENOSPC, "a part was written")
        except OSError:
            with suppress(OSError):  # a part of a line is no entry
                os.ftruncate(file, max(self._lines, line) * LINE)
            raise

    def _open(self) -> int:
        """Return this process's file, made and locked at the first use."""
        while self._file is None:
            self.folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            path = self.folder / f"{self._prefix}-{uuid4().hex}.jsonl"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            _lock(file, waits=True)
            if not os.fstat(file).st_nlink:  # another process took it for one left behind
                os.close(file)
                continue
            self._file, self._path = file, path
            _sync(self.folder)
        return self._file


def _lock(file: int, *, waits: bool) -> None:
    """Lock a file until it is closed; raise OSError if another process has, unless `waits`."""
    import fcntl  # not on Windows, where there is no spool

    fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _adopted(path: Path) -> Iterator[int | None]:
    """Yield an open file and its lock; None if its process lives, or it cannot be opened."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        try:
            _lock(file, waits=False)
        except OSError:
            yield None
        else:
            yield file
    finally:
        os.close(file)


def _sync(folder: Path) -> None:
    """Write the names of a folder's files to the disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _encoded(entry: Mapping[str, str]) -> bytes:
    data = _json(entry)
    if len(data) >= LINE:
        data = _json({k: text[:CUT] if k in TEXTS else text for k, text in entry.items()})
    if len(data) >= LINE:
        raise SpoolFailed("an entry is too long")
    return data.ljust(LINE - 1) + b"\n"


def _json(entry: Mapping[str, str]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode()


def _decoded(file: int) -> list[Values]:
    """Return the entries of a file, the oldest first; what is none, such as half a line, is not."""
    entries: list[Values] = []
    with closing(os.fdopen(os.dup(file), "rb")) as lines:
        lines.seek(0)
        for line in lines:
            with suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict) and "entry_key" in value:
                    entries.append({str(name): str(text) for name, text in value.items()})
    return sorted(entries, key=lambda entry: entry.get("at", ""))
