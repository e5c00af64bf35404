import re
from collections import Counter
from graphlib import CycleError
from pathlib import Path

import pytest

from pbf.components.bundle import bundle
from tests.support.servers import ROOT

COMPONENTS = ROOT / "pbf" / "components"
DECLARED = re.compile(r"^(?:async function|function|const|class) (\w+)", re.MULTILINE)


def written(folder: Path, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source)
    return folder / "main.js"


def test_a_module_comes_after_those_it_imports_and_only_once(tmp_path):
    main = written(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\nexport default a + b;\n',
        a='import { b } from "./b.js";\nexport const a = b;\n',
        b="export const b = 1;\n",
    )

    assert bundle(main).split("\n") == [
        *("const b = 1;", "", "const a = b;", "", "export default a + b;", "")
    ]


@pytest.mark.parametrize(
    "line",
    [
        'import { a as other } from "./a.js";',
        'import * as a from "./a.js";',
        'import a from "./a.js";',
        'import "./a.js";',
        'import { a } from "elsewhere";',
        "export { a };",
        'export * from "./a.js";',
        "export let a = 1;",
    ],
)
def test_another_form_of_import_or_export_is_refused(tmp_path, line):
    main = written(tmp_path, main=f"{line}\n", a="export const a = 1;\n")

    with pytest.raises(ValueError, match=re.escape(f"main.js cannot be bundled: {line}")):
        bundle(main)


def test_a_circular_import_is_refused(tmp_path):
    main = written(
        tmp_path,
        main='import { a } from "./a.js";\nexport const main = a;\n',
        a='import { main } from "./main.js";\nexport const a = main;\n',
    )

    with pytest.raises(CycleError):
        bundle(main)


@pytest.mark.parametrize("name", ["gallery", "connector_table"])
def test_a_component_is_one_module_in_which_no_name_is_declared_twice(name):
    text = bundle(COMPONENTS / name / f"{name}.js")

    assert re.findall(r"^(?:import|export)\b.*", text, re.MULTILINE) == [
        line for line in text.split("\n") if line.startswith("export default function ")
    ]
    assert [word for word, count in Counter(DECLARED.findall(text)).items() if count > 1] == []


@pytest.mark.parametrize("name", ["gallery", "connector_table"])
def test_every_module_of_a_component_is_in_its_bundle(name):
    text = bundle(COMPONENTS / name / f"{name}.js")

    first_lines = [path.read_text().split("\n")[0] for path in (COMPONENTS / name).glob("*.js")]
    assert first_lines
    assert [line for line in first_lines if line not in text] == []
