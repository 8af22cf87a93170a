"""Published files: made once, whole, and not without end."""

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cropdash.ui.shell import assets, frame


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "_FOLDER", tmp_path / "cache")
    return tmp_path / "cache"


def test_a_file_is_made_once_per_key(folder):
    made = []

    def make() -> bytes:
        made.append(1)
        return b"picture"

    first = assets.publish("a/b", ".png", make)
    assert assets.publish("a/b", ".png", make) == first
    assert assets.publish("a/c", ".png", make) != first
    assert len(made) == 2
    assert (folder.parent / first).read_bytes() == b"picture"


def test_the_name_gives_nothing_of_the_key_away():
    url = assets.publish("../../etc/passwd?x=<script>", ".json", lambda: b"{}")
    assert re.fullmatch(r"cache/[0-9a-f]{24}\.json", url)


def test_what_fails_leaves_nothing_behind(folder):
    def fail() -> bytes:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        assets.publish("a", ".png", fail)
    assert not folder.exists() or not list(folder.iterdir())
    url = assets.publish("a", ".png", lambda: b"now")
    assert (folder.parent / url).read_bytes() == b"now"


def test_the_file_unused_for_longest_goes_first(folder, monkeypatch):
    monkeypatch.setattr(assets, "_KEEP", 3)
    urls = [assets.publish(str(i), ".png", lambda: b"x") for i in range(3)]
    for age, url in enumerate(urls):
        os.utime(folder.parent / url, (1000 + age, 1000 + age))
    assets.publish("0", ".png", lambda: b"x")  # used again, so the second is now the oldest
    newest = assets.publish("3", ".png", lambda: b"x")
    left = {f"cache/{p.name}" for p in folder.iterdir()}
    assert left == {urls[0], urls[2], newest}


def test_many_sessions_may_make_the_same_file_at_once(folder):
    together = Barrier(8)
    content = os.urandom(200_000)

    def make() -> bytes:
        together.wait(10)  # all have seen that the file is not there yet
        return content

    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(lambda _: assets.publish("same", ".png", make), range(8)))
    assert len(urls) == 1
    assert [p.read_bytes() for p in folder.iterdir()] == [content]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written_is_one_sentence_on_the_page(monkeypatch, number):
    """Of a server whose program's folder is not its own."""
    said = []
    monkeypatch.setattr(frame.st, "error", lambda text, **_: said.append(text))

    def refused(*_, **__):
        raise OSError(number, os.strerror(number), "/srv/cropdash/static/cache")

    monkeypatch.setattr(assets.atomic.Path, "mkdir", refused)
    with frame.plainly():
        assets.publish("a/d", ".png", lambda: b"x")
    (sentence,) = said
    assert "static/cache can't be written" in sentence.replace("\\", "")


def test_another_fault_of_the_system_is_not_hidden():
    with pytest.raises(OSError, match="Input/output"), frame.plainly():
        raise OSError(errno.EIO, "Input/output error", "/srv/x")
