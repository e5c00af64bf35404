"""What people type has a longest length."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCREENS = sorted(file for folder in ("pages", "pbf/ui") for file in (ROOT / folder).rglob("*.py"))


def test_every_field_for_text_has_a_longest_length():
    fields = [
        (f"{file.relative_to(ROOT)}:{call.lineno}", {keyword.arg for keyword in call.keywords})
        for file in SCREENS
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("text_input", "text_area", "chat_input")
    ]

    assert len(fields) > 10
    assert [place for place, arguments in fields if "max_chars" not in arguments] == []
