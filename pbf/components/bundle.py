"""The JavaScript modules of a component as the one module that Streamlit takes.

There is no build step: the modules are joined in the order of their imports, without the `import`
and `export` lines. ESLint checks them as modules, and the tests of `tests/javascript` import them.
"""

import re
from graphlib import TopologicalSorter
from os.path import normpath
from pathlib import Path

IMPORT = re.compile(r'^import \{ \w+(?:, \w+)* \} from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) )", re.MULTILINE)
OTHER = re.compile(r"^(?:import\b|export (?!default )).*", re.MULTILINE)


def bundle(entry: Path) -> str:
    """Return a module and all that it imports as one module.

    They share one scope: a name is imported as it is exported, and no two modules declare the same
    one. Raises ValueError for another form of import or export, CycleError for a circular import.
    """
    sources: dict[Path, str] = {}
    imports: dict[Path, list[Path]] = {}
    pending = [entry]
    while pending:
        path = pending.pop()
        if path in sources:
            continue
        sources[path] = path.read_text(encoding="utf-8")
        names = IMPORT.findall(sources[path])
        imports[path] = [Path(normpath(path.parent / name)) for name in names]
        pending += imports[path]
    order = TopologicalSorter(imports).static_order()
    return "\n".join(without_imports(path, sources[path]) for path in order)


def without_imports(path: Path, source: str) -> str:
    """Return the source of a module without its imports and the word `export`."""
    text = EXPORT.sub("", IMPORT.sub("", source))
    if other := OTHER.search(text):
        raise ValueError(f"{path.name} cannot be bundled: {other[0]}")
    return text
