"""A PostgreSQL of one's own on 127.0.0.1, where Debian's package is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.conftest import free_port

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
NEEDS = "PostgreSQL is not installed (Debian's package postgresql)"


@contextmanager
def running() -> Iterator[str]:
    """The address of a fresh server, without its database's name."""
    folder = Path(tempfile.mkdtemp(prefix="cropdash-postgres-"))
    kept, port = folder / "kept", free_port()
    as_root = os.getuid() == 0  # whom PostgreSQL refuses
    if as_root:
        shutil.chown(folder, "postgres", "postgres")
    (folder / "password").write_text("of this test alone")
    (folder / "password").chmod(0o644)

    def do(name: str, *words: str) -> None:
        command = [str(FOLDERS[0] / name), "-D", str(kept), *words]
        user = ["runuser", "-u", "postgres", "--"] if as_root else []
        with (folder / "said").open("ab") as log:
            subprocess.run([*user, *command], check=True, cwd="/", stdout=log, stderr=log)

    try:
        password = f"--pwfile={folder / 'password'}"
        do("initdb", "-U", "crop", "-A", "scram-sha-256", password, "-E", "UTF8", "--no-sync")
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        )
        do("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://crop:of%20this%20test%20alone@127.0.0.1:{port}"
        finally:
            do("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
