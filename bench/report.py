"""docs/measurements.md, written from what the benches said: no figure is typed by hand.

    python -m bench.report                                  writes the page
    python -m bench.report --run audits "models --side 128" runs these benches first, and keeps what they say
    python -m bench.report --run "split=cropdash optimism demo"     another command, under a name of its own

bench/results/<name>.json keeps a command's output with machine, instructions, cores, load and date. The
words of the page are bench/measurements.md; in it {{output NAME}} is what a command said.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "measurements.md"
TEMPLATE = ROOT / "bench" / "measurements.md"
RESULTS = ROOT / "bench" / "results"
PLACE = re.compile(r"\{\{output (\w+)\}\}")
ALIGNED = re.compile(r"\S {3,}\S")  # columns that stand under each other
# A figure: a number that is no part of a name (AVX-512, F1, bfloat16, Sentinel-2).
FIGURE = re.compile(
    r"(?<![\w.,/-])(?:\d{4}-\d\d-\d\d|(?:[+-]|(?<= )-)?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+))(?![\w/])"
)
CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|\{\{[^}]*\}\}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", nargs="*", default=[], help="[NAME=]COMMAND to run first")
    parser.add_argument("--note", default="", help="what else the machine was doing")
    asked = parser.parse_args()
    for told in asked.run:
        run(told, asked.note)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: output of {len(list(RESULTS.glob('*.json')))} commands")


def run(told: str, note: str = "") -> None:
    """Run `[NAME=]COMMAND` to its end, and keep what it says. Raises CalledProcessError if it fails.

    A command is a bench or `cropdash` with its arguments; its own first word is the name without one.
    """
    name, _, command = told.partition("=") if re.match(r"\w+=", told) else ("", "", told)
    module, *arguments = shlex.split(command)
    name = name or module
    module = module if module == "cropdash" else f"bench.{module}"
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result = {
        "command": shlex.join(["python", "-m", module, *arguments]),
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


def page() -> str:
    """The whole page."""
    return PLACE.sub(lambda place: _output(place[1]), TEMPLATE.read_text(encoding="utf-8"))


def _output(name: str) -> str:
    """What a command said, tables as such, with the line on where that was."""
    held = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    blocks: list[str] = []
    for is_table, lines in groupby(held["output"], lambda line: line.startswith("|")):
        block = [line.rstrip() for line in lines]
        if not is_table and any(ALIGNED.search(line) for line in block):
            block = ["```text", *"\n".join(block).strip("\n").split("\n"), "```"]
        elif not is_table:
            block = [f"{line}  " if line else line for line in block]
        blocks.append("\n".join(block).strip())
    text = "\n\n".join(block for block in blocks if block)
    facts = [held["machine"], ", ".join(held["instructions"]), f"{held['cores']} cores"]
    facts += [
        f"load {held['load']}" if held["load"] is not None else "",
        held["note"],
        held["date"],
    ]
    where = ", ".join(fact for fact in facts if fact)
    limits = " ".join(f"{name}={value}" for name, value in held.get("limits", {}).items())
    return f"{text}\n\n`{f'{limits} ' if limits else ''}{held['command']}`. Machine: {where}."


if __name__ == "__main__":
    main()
