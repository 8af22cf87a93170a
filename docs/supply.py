"""What the two requirements files bring along, written down: requirements.lock and docs/licences.md.

    python -m docs.supply

The lock is resolved by uv for every system on which Python 3.11 or newer runs, each file with its
digests. The licences are those that the packages of this environment declare.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock"
LICENCES = ROOT / "docs" / "licences.md"


def main() -> None:
    command = ["uv", "pip", "compile", "requirements.txt", "--universal", "--generate-hashes"]
    options = ["--python-version", "3.11", "--no-emit-index-url", "--quiet"]
    subprocess.run([*command, *options, "--upgrade", "--output-file", LOCK], check=True, cwd=ROOT)
    LICENCES.write_text(licences(), encoding="utf-8")
    sys.stdout.write(f"Written: {LOCK}, {LICENCES.relative_to(ROOT)}\n")


def requirements() -> list[Requirement]:
    """The lines of requirements.txt: what cropdash itself imports."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(text) for line in lines if (text := line.partition("#")[0].strip())]


def closure() -> dict[str, metadata.Distribution]:
    """Every package that the requirements bring along into this environment, by its name."""
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()  # package and extra
    waiting = [(r.name, extra) for r in requirements() for extra in {"", *r.extras}]
    while waiting:
        name, extra = waiting.pop()
        name = canonical(name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found[name] = metadata.distribution(name)
        for more in map(Requirement, found[name].requires or ()):
            if more.marker is None or more.marker.evaluate({"extra": extra}):
                waiting += [(more.name, further) for further in {"", *more.extras}]
    return dict(sorted(found.items()))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: metadata.Distribution) -> str:
    """What it declares: its expression, else its classifiers, else the first line of its text."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return expression
    classes = [c.split(" :: ")[-1] for c in about.get_all("Classifier", []) if "License ::" in c]
    told = [c for c in classes if c != "OSI Approved"]
    return (
        ", ".join(told) or (about.get("License") or text_of(package)).strip().splitlines()[0][:80]
    )


def text_of(package: metadata.Distribution) -> str:
    """The licence file that lies beside the package."""
    for path in package.files or ():
        if path.stem.upper() in ("LICENSE", "LICENCE", "COPYING"):
            return path.read_text(encoding="utf-8")
    return "not declared"


def licences() -> str:
    rows = [f"| {name} | {licence(package)} |" for name, package in closure().items()]
    return "\n".join(
        [
            "# Licences of what cropdash builds on",
            "",
            "As each package declares it: requirements.txt and all that it brings along on Linux,",
            "written by `python -m docs.supply`. Leaflet, vendored in `static/vendor`, is under BSD-2-Clause.",
            "The outlines of countries are Natural Earth's (1:50m, version 4.1), in the public domain.",
            "",
            "| package | licence |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
