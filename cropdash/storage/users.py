"""The file of users: who may come in, with which role, and the hash of their password, if any.

Those without a password sign in with the team's provider (OpenID Connect) alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from cropdash.domain import access
from cropdash.domain.access import Actor, Role
from cropdash.domain.errors import ConfigError, DamagedFile
from cropdash.files import atomic, records

SHORTEST, LONGEST = 12, 256  # letters of a password
_VERSION = 1
_NAME_LONGEST = 100
_HASHER = PasswordHasher()  # argon2id with the library's own costs


@dataclass(frozen=True)
class User:
    """One line of the file."""

    role: Role
    password: str = ""  # its hash, with how it was made; empty: signs in with the provider

    @property
    def mark(self) -> str:
        """Changes with the password; what was signed in with another one is no longer valid."""
        return hashlib.sha256(self.password.encode()).hexdigest()[:16]


def read(path: Path) -> Mapping[str, User]:
    """Users by name. Raises DamagedFile, or ConfigError if there is no such file."""
    try:
        stat = path.stat()
    except OSError as error:
        raise ConfigError(
            "The file of users {a} can't be read: make it with 'python -m cropdash users set'.",
            a=path,
        ) from error
    return _read(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, *_: int) -> Mapping[str, User]:
    try:
        values = records.read(path, _VERSION)["users"]
        items = list(values.items())
    except (KeyError, AttributeError, FileNotFoundError) as error:
        raise DamagedFile(
            "{a} holds no users: make it anew, or restore it.", a=path.name
        ) from error
    return {check_name(name): records.typed(User, user, path.name) for name, user in items}


def check_name(name: str) -> str:
    """The name if it is one: a word or an address, in small letters. Raises ConfigError."""
    fine = 0 < len(name) <= _NAME_LONGEST and name.isprintable() and name == name.strip()
    if not fine or " " in name or name != name.lower():
        raise ConfigError(
            "{a} is no name of a user: give up to {b} small letters, digits and signs"
            " without a space, such as anna or anna@example.org.",
            a=repr(name[:_NAME_LONGEST]),
            b=_NAME_LONGEST,
        )
    return name


def put(path: Path, name: str, role: Role, password: str | None = None) -> None:
    """Add a user or change one; without a password they keep theirs, if any.

    Raises NotAllowed or ConfigError.
    """
    access.require("set users")
    check_name(name)
    with _changing(path) as users:
        kept = users[name].password if name in users else ""
        users[name] = User(role, kept if password is None else hashed(password))


def remove(path: Path, name: str) -> None:
    """Take a user away; their open pages end with the next click.

    Raises NotAllowed or ConfigError.
    """
    access.require("set users")
    with _changing(path) as users:
        if users.pop(name, None) is None:
            raise ConfigError("There is no user {a} in {b}.", a=repr(name[:_NAME_LONGEST]), b=path)


def hashed(password: str) -> str:
    """What the file keeps of a password. Raises ConfigError if it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(
            "A password has {a} to {b} letters: choose another one.", a=SHORTEST, b=LONGEST
        )
    return _HASHER.hash(password)


def checked(path: Path, name: str, password: str) -> Actor | None:
    """Who signs in with a password; None if there is no such user, or not with this password.

    Takes as long for a name that there is as for one that there is not.
    """
    user = read(path).get(name)
    against = user.password if user and user.password else _no_one_s()
    try:
        fits = _HASHER.verify(against, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return None
    return Actor(name, user.role) if fits and user and user.password else None


@cache
def _no_one_s() -> str:
    """Compared where there is no such user, so that the answer takes as long."""
    return _HASHER.hash(os.urandom(16).hex())


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, User]]:
    """The users as they are, held back from others who would change them meanwhile, and written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=10):
        users = dict(read(path)) if path.exists() else {}
        yield users
        values = {name: asdict(user) for name, user in sorted(users.items())}
        with atomic.replacing(path) as temporary:
            os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))  # nobody else reads it
            temporary.write_text(json.dumps({"format": _VERSION, "users": values}, indent=1) + "\n")
