"""Builds the wheel from pbf/sandbox, as the package fivetran_sandbox."""

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "pbf.sandbox"
PACKAGE = "fivetran_sandbox"
OMITTED = shutil.ignore_patterns("__pycache__")


class RenamePackage(BuildHookInterface):  # type: ignore[type-arg]
    """Copies the package under its own name: inside the product it is `pbf.sandbox`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the package and have the copy built."""
        del version
        source = Path(self.root).parents[1] / SOURCE.replace(".", "/")
        self._folder = mkdtemp()
        copy = Path(shutil.copytree(source, Path(self._folder) / PACKAGE, ignore=OMITTED))
        for path in copy.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(SOURCE, PACKAGE), encoding="utf-8")
        build_data["force_include"][str(copy)] = PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the copy."""
        del version, build_data, artifact_path
        shutil.rmtree(self._folder)
