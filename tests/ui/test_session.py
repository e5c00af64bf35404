"""Whom a page, a fragment and a dialog act for."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "pages").glob("*.py"), *(ROOT / "pbf" / "ui").rglob("*.py")])


def opens_a_run(node: ast.AST) -> bool:
    """Whether an expression is st.fragment or st.dialog, or a call of it."""
    target = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(target) in ("st.fragment", "st.dialog")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_fragment_and_dialog_acts_for_the_visitor(source: Path):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    decorated = {
        function.name: [
            ast.unparse(item)
            for item in function.decorator_list
            if not ast.unparse(item).startswith("wraps(")  # takes over a name, and runs nothing
        ]
        for function in functions
        if any(opens_a_run(item) for item in function.decorator_list)
    }
    decorators = {id(item) for function in functions for item in function.decorator_list}
    called = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and opens_a_run(node) and id(node) not in decorators
    ]

    assert {name for name, found in decorated.items() if found[-1] != "session.acting"} == set()
    assert [ast.unparse(call) for call in called] == []
