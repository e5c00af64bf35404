"""Rules of the layout that `lint-imports` cannot check."""

import ast
from collections import Counter

from tests.support.servers import ROOT


def test_the_server_imports_only_what_it_mounts_and_starts():
    allowed = ("pbf.proxy", "pbf.runtime", "pbf.server.", "pbf.logs", "pbf.paths", "pbf.errors")
    # The background thread that it starts, and what knows the sessions.
    allowed += ("pbf.jobs.",)
    allowed += ("pbf.metrics.thread_waits.", "pbf.metrics.tracing.spans.")
    # What a page shows before Streamlit has started.
    allowed += ("pbf.ui.first_screen.",)
    allowed += ("pbf.config.", "pbf.identity.page_authenticator")

    imported = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse((ROOT / "app.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "pbf"
        for alias in node.names
    ]

    assert imported
    assert [name for name in imported if not name.startswith(allowed)] == []


def test_no_folder_holds_more_than_twelve_modules():
    counts = Counter(
        path.parent for path in (ROOT / "pbf").rglob("*.py") if path.stem != "__init__"
    )

    assert {str(folder.relative_to(ROOT)) for folder in counts if counts[folder] > 12} == set()
