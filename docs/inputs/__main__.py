"""Makes docs/inputs.md: each input, what is right, and what the product did.

    python -m docs.inputs

Ends with code 1 if anything is wrong. All inputs are made small and by themselves; registers have
the columns, reference systems and codes of the real ones, and the fields of the test.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from docs.inputs import images, land, odd
from docs.inputs.case import Case, Seen, seen

PAGE = Path(__file__).resolve().parents[1] / "inputs.md"
CASES: list[Case] = [*images.CASES, *land.CASES, *odd.CASES]
_HEAD = """# Inputs that were tried

Made by `python -m docs.inputs`: each input is written, given to `build`, and looked at. "Refused" is one
sentence and exit code 2. Registers have layers, columns and reference systems as the real ones are known to have,
with codes of EuroCrops' tables where it has them, around 32 fields of a test; none is a real extract.

{n} inputs, {right} right.
"""


def looked_at(place: Path) -> list[Seen]:
    """What came of every input; files lie in `place`."""
    return [seen(case, place / f"{n:03d}") for n, case in enumerate(CASES)]


def page(found: list[Seen]) -> str:
    """The guide's text."""
    parts = [_HEAD.format(n=len(found), right=sum(one.is_right for one in found))]
    for kind in dict.fromkeys(one.case.kind for one in found):
        parts.append(
            f"\n## {kind}\n\n| input | right | what the product did |\n| --- | --- | --- |\n"
        )
        parts += [
            f"| {one.case.what} | {one.case.right} | {'' if one.is_right else '**WRONG:** '}{_cell(one.did)} |\n"
            for one in found
            if one.case.kind == kind
        ]
    return "".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        found = looked_at(Path(place))
    PAGE.write_text(page(found), encoding="utf-8")
    for one in found:
        if not one.is_right:
            print(f"WRONG: {one.case.kind}, {one.case.what}: {one.did}", file=sys.stderr)
    print(f"{sum(one.is_right for one in found)} of {len(found)} inputs are right: {PAGE}")
    return 0 if all(one.is_right for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
