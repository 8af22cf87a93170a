"""docs/measurements.md, written from what the benches said: no figure is typed by hand.

    python -m bench.report                      writes the page
    python -m bench.report --run audits gapfill runs these benches first, and keeps what they say

bench/results/<bench>.json keeps a bench's output with its command, machine, instructions, cores, load
and date. bench/results/transcribed.json holds the figures that stood on the page before it was written
so: they were printed by the commands beside them, whose output was not kept. The words of the page are
bench/measurements.md; in it {{name}} is a transcribed figure, and {{output BENCH}} a bench's output.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "measurements.md"
TEMPLATE = ROOT / "bench" / "measurements.md"
RESULTS = ROOT / "bench" / "results"
TRANSCRIBED = RESULTS / "transcribed.json"
PLACE = re.compile(r"\{\{(?:(output) )?(\w+)\}\}")
# A figure: a number that is no part of a name (AVX-512, F1, bfloat16, Sentinel-2).
FIGURE = re.compile(
    r"(?<![\w.,/-])(?:\d{4}-\d\d-\d\d|(?:[+-]|(?<= )-)?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+))(?![\w/])"
)
CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|\{\{[^}]*\}\}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", nargs="*", default=[], help="benches to run first")
    parser.add_argument("--note", default="", help="what else the machine was doing")
    asked = parser.parse_args()
    for name in asked.run:
        run(name, asked.note)
    PAGE.write_text(page(), encoding="utf-8")
    kept = len(list(RESULTS.glob("*.json"))) - 1
    print(f"{PAGE.relative_to(ROOT)}: output of {kept} benches, {len(transcribed())} transcribed")


def run(name: str, note: str = "") -> None:
    """Run a bench to its end, and keep what it says. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", f"bench.{name}"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    result = {
        "command": f"python -m bench.{name}",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        **machine(),
        "note": note,
        "output": done.stdout.splitlines(),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def machine() -> dict[str, Any]:
    """Processor, those of its instructions that matter here, cores and load."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    known = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {name.strip(): value.strip() for name, value in known.items()}
    flags = facts.get("flags", "").split()
    told = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "bfloat16"}
    return {
        "machine": facts.get("model name", platform.machine()),
        "instructions": [word for flag, word in told.items() if flag in flags],
        "limits": {
            n: v
            for n in ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "NUMBA_CPU_NAME")
            if (v := os.environ.get(n))
        },
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def transcribed() -> dict[str, str]:
    """Figures by name whose commands' output was not kept."""
    held: dict[str, str] = json.loads(TRANSCRIBED.read_text(encoding="utf-8"))["figures"]
    return held


def page() -> str:
    """The whole page."""
    figures = transcribed()

    def filled(place: re.Match[str]) -> str:
        return _output(place[2]) if place[1] else figures[place[2]]

    return PLACE.sub(filled, TEMPLATE.read_text(encoding="utf-8"))


def _output(name: str) -> str:
    """A bench's output, tables as such, with the line on where it was made."""
    held = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    body: list[str] = []
    for line in held["output"]:
        is_table, after = line.startswith("|"), bool(body) and body[-1].startswith("|")
        if body and is_table != after:
            body.append("")
        body.append(line if is_table or not line else f"{line.rstrip()}  ")
    facts = [held["machine"], ", ".join(held["instructions"]), f"{held['cores']} cores"]
    facts += [f"load {held['load']}", held["note"], held["date"]]
    where = ", ".join(fact for fact in facts if fact)
    text = "\n".join(line.rstrip() if line.startswith("|") else line for line in body).strip()
    limits = " ".join(f"{name}={value}" for name, value in held.get("limits", {}).items())
    return f"{text}\n\n`{f'{limits} ' if limits else ''}{held['command']}`. Machine: {where}."


if __name__ == "__main__":
    main()
