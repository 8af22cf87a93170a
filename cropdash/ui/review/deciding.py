"""The decision on a parcel, by button or key; its history; the last word taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.i18n import headed, label, number, say
from cropdash.storage import decisions
from cropdash.storage.decisions import Parcel, Said
from cropdash.storage.store import RunInfo
from cropdash.ui.review import notes
from cropdash.ui.shell import address, data, frame, identity
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import table

KEYS = {word: str(n) for n, word in enumerate(decisions.WORDS, 1)}
_ANSWERED = "review:answered"  # decisions kept or refused so far: keys pressed ahead wait for it


def ask(case: pd.Series, rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> None:
    """Buttons and keys for the decision on a parcel, and a word on why.

    After a decision the next parcel of the list is shown. Decisions made elsewhere meanwhile are seen.
    """
    dataset, why_not = runs[0].dataset, identity.barred("decide")
    parcel = Parcel(str(case["register_id"]), str(case["zone_id"]), int(case["parcel_id"]))
    known = notes.current(dataset).get(parcel.register_id) or decisions.Decision(parcel)
    crop = _truth(dataset, case, known, level, disabled=bool(why_not))
    onward = _next(rows, case)
    # A press is told of the parcel whose button was pressed, also while the next one is being drawn.
    own = f"{parcel.zone_id}:{parcel.parcel_id}"

    def decide(word: str) -> Callable[[], None]:
        def act() -> None:
            told = Said(parcel, word, crop=crop if word == decisions.RELABEL else "")
            st.session_state[_ANSWERED] = st.session_state.get(_ANSWERED, 0) + 1
            if keep(runs, [told]):
                _open(onward)

        return act

    with st.container(key="review_decide", horizontal=True, gap="small"):
        for word, key in KEYS.items():
            st.button(
                say(notes.DECISIONS[word]), key=f"review:{word}:{own}", shortcut=key, on_click=decide(word),
                type="primary" if known.decision == word else "secondary",
                disabled=bool(why_not) or (word == decisions.RELABEL and not crop),
            )  # fmt: skip
        st.button(
            say("Undecided"), key=f"review:undecided:{own}", shortcut="u", type="tertiary",
            on_click=decide(""), disabled=bool(why_not) or not known.decision,
        )  # fmt: skip
        st.button(
            say("Take back"), key="review:undo", shortcut="z", type="tertiary", icon=":material/undo:",
            on_click=lambda: undo(dataset), disabled=bool(why_not),
            help=say("Your last decision or note, on whichever parcels: all of what was said at once."),
        )  # fmt: skip
    st.html(f'<i class="answered">{st.session_state.get(_ANSWERED, 0)}</i>')
    _note(runs, parcel, known, disabled=bool(why_not))
    if why_not:
        st.caption(literal(why_not))
    _past(dataset, parcel)


def keep(runs: Sequence[RunInfo], told: Sequence[Said], source: str = "") -> bool:
    """Keep what was decided; False, and a sentence on the page, where it can't be."""
    day = runs[0].as_of
    with frame.plainly():
        decisions.decide(
            data.store().data, runs[0].dataset, told, runs=[run.run_id for run in runs],
            as_of=day.isoformat() if day else "", source=source,
        )  # fmt: skip
        return True
    return False


def undo(dataset: str) -> None:
    """Take back the reader's last word, and show that parcel."""
    with frame.plainly():
        taken = decisions.undo(data.store().data, dataset)
        if not taken:
            frame.announce(say("Nothing of yours is left to take back."), ":material/info:")
            return
        if len(taken) > 1:
            frame.announce(say("{n} parcels are as they were before.", n=number(len(taken))))
        _open((taken[0].zone_id, taken[0].register_id))


def _truth(
    dataset: str, case: pd.Series, known: decisions.Decision, level: Level, *, disabled: bool
) -> str:
    """The class that the parcel would be in truth: by default the suggested one."""
    classes = data.legend(dataset).ordered()
    names = {c.name: label(c) for c in classes if c.id}
    by_id = {c.id: c.name for c in classes}
    usual = by_id.get(int(case["suggested"]), "") if level == "class" else ""
    key = f"review:truth:{dataset}:{case['register_id']}"
    options = list(names)
    wanted = known.crop or usual
    chosen = st.selectbox(
        say("In truth"), options, index=options.index(wanted) if wanted in options else None,
        format_func=names.__getitem__, key=key, disabled=disabled,
        help=say("The class that the decision {n}, Is in truth …, gives the parcel.", n=KEYS[decisions.RELABEL]),
    )  # fmt: skip
    return str(chosen or "")


def _note(
    runs: Sequence[RunInfo], parcel: Parcel, known: decisions.Decision, *, disabled: bool
) -> None:
    why = f"review:why:{runs[0].dataset}/{parcel.register_id}"

    def note() -> None:
        keep(runs, [Said(parcel, note=str(st.session_state.get(why) or "").strip())])

    st.session_state[why] = known.note  # what is kept leads: another tab may have noted meanwhile
    with st.container(key="review_note"):
        st.text_input(
            say("Note"), key=why, on_change=note, max_chars=300, disabled=disabled,
            help=say("Kept for everybody who reviews this dataset; the list takes it home."),
        )  # fmt: skip


def _past(dataset: str, parcel: Parcel) -> None:
    events = decisions.history(data.store().data, dataset, parcel.register_id)
    if not events:
        return
    told = {
        say("Time (UTC)"): [e.time[:19].replace("T", " ") for e in events],
        say("By"): [e.author for e in events],
        say("What"): [_told(dataset, e) for e in events],
    }
    with st.expander(say("History ({n})", n=len(events)), icon=":material/history:"):
        table.show(pd.DataFrame(told), height="content")


def _told(dataset: str, event: decisions.Event) -> str:
    if event.undoes is not None:
        return say("took a decision back")
    parts = [] if event.decision is None else [notes.said(dataset, event.decision, event.crop)]
    if event.decision == "":
        parts = [say("Undecided")]
    if event.note is not None:
        parts.append(headed(say("Note"), event.note))
    if event.source:
        parts.append(event.source)
    return " · ".join(parts) + (f" ({say('taken back')})" if event.undone else "")


def _next(rows: pd.DataFrame, case: pd.Series) -> tuple[str, str] | None:
    """The parcel after this one in the list, or the one before where it is the last."""
    here = (rows["register_id"] == case["register_id"]).to_numpy()
    at = int(here.argmax()) if here.any() else -1
    to = at + 1 if at + 1 < len(rows) else at - 1
    if not 0 <= to < len(rows):
        return None
    return str(rows["zone_id"].iloc[to]), str(rows["register_id"].iloc[to])


def _open(place: tuple[str, str] | None) -> None:
    if place is not None:
        address.put("zone", place[0])
        address.put("parcel", place[1])
