"""The errors a user can meet. Each message says what is wrong, where, and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from cropdash.domain.message import Message
from cropdash.domain.secret import hidden

_MOST_QUOTED = 120  # letters


class CropdashError(Exception):
    """Base of every error that a user reads; keys and passwords in its text are hidden.

    `ConfigError("{a} has {b} bands.", a=path, b=n)`: a template and the values of its gaps, or a
    message that is whole. `str(error)` is a `Message`, which any language can say.
    """

    def __init__(self, sentence: str = "", /, **values: object) -> None:
        super().__init__(sentence if isinstance(sentence, Message) else Message(sentence, **values))

    def __str__(self) -> str:
        return hidden(super().__str__())


class ConfigError(CropdashError, ValueError):
    """A setting is missing, unknown or out of its range; a ValueError, so that pydantic names it."""


class InvalidRegister(CropdashError):
    """A parcel register or zones file lacks what is needed of it."""


class InvalidScene(CropdashError):
    """An image can't be read as a Sentinel-2 scene of the zone."""


class NoScene(InvalidScene):
    """No image shows the zone in the days that were asked for."""


class InvalidRaster(CropdashError):
    """A raster or array has the wrong shape, type or place on the ground."""


class DatasetNotFound(CropdashError):
    """No dataset, or no finished zone, of that name."""


class DamagedFile(CropdashError):
    """A file of ours can't be read as what it should be."""


class UnknownFormat(DamagedFile):
    """A file of ours was written by a version with another format."""


class CorruptDataset(DamagedFile):
    """A file of a dataset is missing, truncated or changed since it was built."""


class DiskFull(CropdashError):
    """There is no room for a file; what was there before it is unharmed."""


class OutOfMemory(CropdashError):
    """There is not enough memory for what was asked."""


class RunNotFound(CropdashError):
    """No training run of that name."""


class InvalidRun(CropdashError):
    """A run can't be used for this: unfinished, damaged, or of another legend."""


class RunBusy(CropdashError):
    """Another process is at work on this run."""


class NotEnoughData(CropdashError):
    """Too few zones, parcels or pixels for what was asked."""


class NotKept(CropdashError):
    """What a person entered could not be saved."""


class NotAllowed(CropdashError):
    """The user's role does not allow this."""


class LimitReached(CropdashError):
    """A person has reached the operator's limit of jobs or uploads."""


class SourceUnavailable(CropdashError):
    """A service that images come from does not answer, or refuses."""


class TaskLost(CropdashError):
    """The process at work on a task was ended from outside, more than once."""


class TrainingFailed(CropdashError):
    """Training could not go on, for example because the loss became infinite."""


def of_memory(error: BaseException | None) -> OutOfMemory | None:
    """OutOfMemory if a library's error says that memory ran out; else None."""
    words = ("bad_alloc", "allocate memory", "OutOfMemory", "failed to map segment", "zero-fill")
    chain: list[BaseException] = []
    while error is not None and error not in chain:  # a library may say it in words of its own
        chain.append(error)
        error = error.__cause__ or error.__context__
    if not any(isinstance(e, MemoryError) or any(w in str(e) for w in words) for e in chain):
        return None
    return OutOfMemory(
        "There is not enough memory for this: close other programs, or take smaller settings, and"
        " run the same again; what is finished is kept."
    )


def of_length(error: OSError) -> NotKept | None:
    """The system's word for a path that is too long; None if it says something else."""
    if error.errno != errno.ENAMETOOLONG:
        return None
    return NotKept(
        "{a} is longer than a path can be: name another.", a=PurePath(str(error.filename))
    )


def of_place(error: BaseException) -> NotKept | None:
    """The system's word for a place that takes no file; None if it says something else."""
    if not isinstance(error, OSError) or error.filename is None:
        return None
    place = error.filename2 or error.filename
    if told := of_length(error):
        return told
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.EINVAL):
        return NotKept(
            "{a} can't be used ({b}): move away what stands there, and try again.",
            a=place,
            b=error.strerror,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotKept(
            "{a} can't be written ({b}): make it writable for who runs cropdash, and try again.",
            a=place,
            b=error.strerror,
        )
    return None


def quoted(value: object) -> str:
    """A value for use in a sentence, cut after 120 letters."""
    text = repr(value)
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"


class NotInstalled(CropdashError):
    """A package that only some uses need is not there."""


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Wraps imports of optional dependencies, by the name of their extra. Raises NotInstalled."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        if name == "cropdash":
            raise  # a fault of ours
        raise NotInstalled(
            "{a} is not installed: type pip install 'cropdash[{b}]', or in a checkout pip"
            " install -r requirements.txt.",
            a=name,
            b=extra,
        ) from error


def one_line(error: BaseException) -> str:
    """An error's text on one line, without keys, for use in a sentence."""
    return " ".join(hidden(str(error)).split())[:200].rstrip(".:")
