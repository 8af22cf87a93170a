"""The documentation as a site: built where datasets and runs lie, once after each change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from cropdash.domain.errors import CropdashError, needing
from cropdash.settings import folders

# What the theme says of its own future is for who keeps it, not for readers.
_QUIET = {"NO_MKDOCS_2_WARNING": "1"}


def site() -> Path:
    """The folder of the built site, whether it is there or not."""
    return folders.home() / "site"


def is_current() -> bool:
    """True if the site is there and no older than what it is made of."""
    page, source = site() / "index.html", folders.unpack()
    made_of = [*source.glob("*.md"), *source.glob("mkdocs.yml"), *(source / "docs").rglob("*")]
    return page.exists() and page.stat().st_mtime >= max(p.stat().st_mtime for p in made_of)


def build() -> None:
    """Build the site beside the former one, then take its place, in about half a minute.

    Raises NotInstalled without the extra `docs`, and CropdashError if it can't be built.
    """
    with needing("docs"):
        for name in ("mkdocs", "material", "mkdocstrings", "latex2mathml"):
            import_module(name)
    folders.home().mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".site-", dir=folders.home()))
    try:
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(made)]
        done = subprocess.run(
            command, cwd=folders.unpack(), env=os.environ | _QUIET,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or ["no word"]
            raise CropdashError("The documentation could not be built: {a}", a=last)
        shutil.rmtree(site(), ignore_errors=True)
        made.chmod(0o755)
        made.rename(site())
    finally:
        shutil.rmtree(made, ignore_errors=True)
