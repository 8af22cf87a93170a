"""What is made of a system's or a library's errors."""

import errno
import os

import pytest

from cropdash.domain.errors import NotKept, OutOfMemory, of_length, of_memory, of_place
from cropdash.domain.message import Message
from cropdash.files import atomic


def as_a_library_says_it(first: BaseException) -> BaseException:
    """llvmlite tells of any fault of its library in one sentence, beneath which the cause is kept."""
    try:
        try:
            raise first
        except OSError:
            raise OSError("Could not find/load shared object file 'libllvmlite.so'")  # noqa: B904
    except OSError as error:
        return error


@pytest.mark.parametrize(
    "word", ["failed to map segment from shared object", "cannot map zero-fill pages"]
)
def test_memory_that_ran_out_is_known_beneath_a_library_s_own_words(word):
    assert isinstance(
        of_memory(as_a_library_says_it(OSError(f"libllvmlite.so: {word}"))), OutOfMemory
    )


def test_another_fault_of_a_library_is_no_lack_of_memory():
    assert of_memory(as_a_library_says_it(OSError("libllvmlite.so: no such file"))) is None
    assert of_memory(ValueError("x")) is None
    around = ValueError("x")
    around.__context__ = around  # a chain that ends nowhere
    assert of_memory(around) is None


def test_a_path_that_is_too_long_is_cut_in_the_sentence():
    error = OSError(errno.ENAMETOOLONG, "File name too long", "/" + "x" * 5_000)
    for told in (of_length(error), of_place(error)):
        assert isinstance(told, NotKept)
        assert len(str(told)) < 500
    assert of_length(OSError(errno.ENOENT, "no", "x")) is None
    assert Message("{a}", a="x" * 5_000) == "x" * 5_000  # text is cut by who quotes it


def test_a_pipe_in_the_place_of_a_file_is_to_be_moved_away(tmp_path):
    os.mkfifo(tmp_path / "audit.json")
    with pytest.raises(OSError, match="no file") as refused:
        atomic.checksum(tmp_path / "audit.json")
    assert "move away what stands there" in str(of_place(refused.value))
