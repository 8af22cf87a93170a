"""What the build asks: dependencies and extras, whose owners are the two requirements files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

FILES = ("requirements.txt", "requirements-dev.txt")
_HEADING = re.compile(r"# \[(\w+)\]")


def sections(folder: Path) -> dict[str, list[str]]:
    """Requirements by the extra that they stand below; those of no extra below ""."""
    found: dict[str, list[str]] = {}
    for file in FILES:
        extra = ""
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            if heading := _HEADING.fullmatch(line.strip()):
                extra = heading[1]
            elif needed := line.partition("#")[0].strip():
                found.setdefault(extra, []).append(needed)
    return found


class RequirementsHook(MetadataHookInterface):
    """Fills in what pyproject.toml names as dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `dependencies` and `optional-dependencies`."""
        found = sections(Path(self.root))
        metadata["dependencies"] = found.pop("")
        metadata["optional-dependencies"] = found
