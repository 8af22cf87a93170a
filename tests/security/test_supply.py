"""What is installed: the lock, the floors, the licences, and a bill of materials made here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from docs import supply

ROOT = Path(__file__).resolve().parents[2]


def locked() -> dict[str, tuple[Version, list[str]]]:
    """Version and digests of each package of the lock, by its name."""
    found: dict[str, tuple[Version, list[str]]] = {}
    text = (ROOT / supply.LOCK).read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\w)", text):
        if match := re.match(r"([\w.-]+)==([^ ;\\]+)", entry):
            digests = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry)
            found[supply.canonical(match[1])] = (Version(match[2]), digests)
    return found


def faults() -> list[tuple[str, Version]]:
    rows = re.findall(
        r"^\| ([\w-]+) \| (\d[\d.]*) \| (?:CVE|GHSA)",
        (ROOT / "docs" / "security.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return [(name, Version(fixed)) for name, fixed in rows]


def test_the_lock_holds_what_is_required_with_digests():
    lock = locked()
    assert len(lock) > 100
    assert not [name for name, (_, digests) in lock.items() if not digests]
    for needed in supply.requirements():
        version, _ = lock[supply.canonical(needed.name)]
        assert needed.specifier.contains(version), needed


def test_no_admitted_version_is_known_to_be_faulty():
    floors = {supply.canonical(r.name): floor(r) for r in supply.requirements()}
    lock = locked()
    assert len(faults()) >= 10
    for name, fixed in faults():
        assert floors[name] >= fixed, name
        assert lock[name][0] >= fixed, name


def floor(needed: Requirement) -> Version:
    """The least version that is admitted."""
    return max(Version(s.version) for s in needed.specifier if s.operator in (">=", "=="))


def test_every_package_s_licence_is_listed():
    told = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert not [name for name in supply.closure() if f"| {name} | " not in told]


def test_a_bill_of_materials_names_what_is_installed(tmp_path):
    out = tmp_path / "sbom.json"
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--no-validate",
        "--of",
        "JSON",
        "-o",
        str(out),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    bill = json.loads(out.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    versions = {supply.canonical(c["name"]): c["version"] for c in bill["components"]}
    for needed in supply.requirements():
        assert versions[supply.canonical(needed.name)] == metadata.version(needed.name)
