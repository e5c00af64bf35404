"""YAML with the line of every value, so that a mistake in a file can be named with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pbf.errors import InvalidPolicy

Path = tuple[Any, ...]


@dataclass(frozen=True)
class Document:
    """The content of a file, and the line of each value by its path of keys and indexes."""

    file: str
    content: Any
    lines: Mapping[Path, int]

    def where(self, *path: Any) -> str:
        """Return the place of a value, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}, line {self.lines.get(path, 1)}"

    def error(self, text: str, *path: Any) -> InvalidPolicy:
        """Return the error for a value."""
        return InvalidPolicy(f"{self.where(*path)}: {text}")


def parse(text: str, file: str) -> Document:
    """Return the content of a file, or raise InvalidPolicy with the line."""
    try:
        content = YAML(typ="rt", pure=True).load(text)
        return Document(file, content, dict(_lines(content, ())))
    except DuplicateKeyError as exc:
        raise InvalidPolicy(f"{_place(exc, file)}: This key is there twice. Keep one.") from None
    except MarkedYAMLError as exc:
        problem = (exc.problem or "it cannot be read").replace("\n", " ")
        raise InvalidPolicy(f"{_place(exc, file)}: This is not valid YAML: {problem}.") from None
    except (YAMLError, ValueError):
        raise InvalidPolicy(
            f"{file}: This is not valid YAML. It contains a character that YAML does not allow."
        ) from None
    except RecursionError:
        raise InvalidPolicy(f"{file}: Its values are nested too deeply.") from None


def _place(error: MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    return f"{file}, line {mark.line + 1}" if mark else file


def _lines(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """Yield the line of each value, counted from 1."""
    if not isinstance(node, CommentedMap | CommentedSeq):
        return
    places: Mapping[Any, tuple[int, ...]] = node.lc.data or {}
    for key, value in node.items() if isinstance(node, CommentedMap) else enumerate(node):
        if key in places:
            yield (*path, key), places[key][0] + 1
        yield from _lines(value, (*path, key))
