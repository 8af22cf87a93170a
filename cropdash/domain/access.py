"""Who may do what: the three roles, one table of actions, and the current user.

The functions that start, stop, decide, keep or delete something ask here, not what draws their
buttons. On the pages the server knows the user; everywhere else it is the account of the process.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from cropdash.domain.errors import NotAllowed
from cropdash.domain.message import Message

Role: TypeAlias = Literal["viewer", "analyst", "operator"]  # each may what those before it may
ROLES: tuple[Role, ...] = get_args(Role)
_CALLED = {
    "viewer": Message("viewer"),
    "analyst": Message("analyst"),
    "operator": Message("operator"),
}
Action: TypeAlias = Literal[
    "start",
    "stop",
    "stop others",
    "decide",
    "upload",
    "report",
    "name",
    "delete",
    "set users",
    "see the record",
]
FOR = "CROPDASH_ACTOR"  # for whom a worker was started


@dataclass(frozen=True)
class Rule:
    """The lowest role that may take an action, and its name in a sentence: "… may not <words>"."""

    role: Role
    words: Message


POLICY: dict[Action, Rule] = {
    "start": Rule("analyst", Message("start jobs")),
    "stop": Rule("analyst", Message("stop jobs of their own")),
    "stop others": Rule("operator", Message("stop jobs that others have started")),
    "decide": Rule("analyst", Message("decide on parcels")),
    "upload": Rule("analyst", Message("upload files")),
    "report": Rule("analyst", Message("make reports")),
    "name": Rule("analyst", Message("name runs and write notes on them")),
    "delete": Rule("operator", Message("delete anything")),
    "set users": Rule("operator", Message("add or change users")),
    "see the record": Rule("operator", Message("see who did what")),
}


@dataclass(frozen=True)
class Actor:
    """A user; one without a role has not signed in."""

    name: str
    role: Role | None

    def may(self, action: Action) -> bool:
        """True if the policy lets them."""
        needed = ROLES.index(POLICY[action].role)
        return self.role is not None and ROLES.index(self.role) >= needed


NOBODY = Actor("", None)
_ask: list[Callable[[], Actor | None]] = []  # who knows to whom a page is shown


def follow(ask: Callable[[], Actor | None]) -> None:
    """Ask this function for the current user from now on; None means the account of the process."""
    _ask[:] = [ask]


def actor() -> Actor:
    """The current user."""
    for ask in _ask:
        if (told := ask()) is not None:
            return told
    return Actor(os.environ.get(FOR) or _account(), "operator")


def require(action: Action) -> Actor:
    """The current user, if the policy allows the action. Raises NotAllowed."""
    who = actor()
    if not who.may(action):
        raise NotAllowed(refusal(who, action))
    return who


def refusal(who: Actor, action: Action) -> str:
    """Why a user may not do this, and what to do."""
    rule = POLICY[action]
    if who.role is None:
        return Message(
            "Nobody is signed in here, and only a person may {what}: sign in again.",
            what=rule.words,
        )
    return Message(
        "With the role {role}, {name} may not {what}: ask the operator for the role {needed}.",
        role=_CALLED[who.role],
        name=who.name,
        what=rule.words,
        needed=_CALLED[rule.role],
    )


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        return str(os.getuid())
