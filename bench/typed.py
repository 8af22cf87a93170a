"""Type a command in this process: its exit code, and what it said."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from cropdash.cli import app, terminal


def run(words: Sequence[str]) -> tuple[int, str]:
    """Exit code and output of `python -m cropdash …`; whatever is no answer comes as it is."""
    out = io.StringIO()
    with (
        mock.patch.object(terminal.console, "_file", out),
        mock.patch.object(terminal.errors, "_file", out),
        mock.patch.object(sys, "argv", ["cropdash", *words]),
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        try:
            app.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            return code, out.getvalue()
    return 0, out.getvalue()
