"""What is decided on a parcel stays, whoever else decides, and is never lost to a fault."""

from __future__ import annotations

import multiprocessing as mp
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import access
from cropdash.domain.access import Actor
from cropdash.domain.errors import ConfigError
from cropdash.storage import decisions, record
from cropdash.storage.decisions import Event, Parcel, Said, current, decide, history, undo


def parcel(n: int) -> Parcel:
    return Parcel(f"FR-{n}", "a", n)


def being(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_ask", [lambda: Actor(name, "analyst")])


def test_what_is_said_is_read_and_every_word_of_it_stays(data: Path) -> None:
    decide(data, "demo", [Said(parcel(7), "visit", 'Hedge, "wet"\nsince May')], runs=("a", "b"))
    decide(data, "demo", [Said(parcel(8), note="only a note, é\0")], as_of="2023-06-30")
    decide(data, "demo", [Said(parcel(7), "relabel", crop="maize")], source="field.csv")
    decide(data, "other", [Said(parcel(7), "keep")])
    held = current(data, "demo")
    assert {i: (d.decision, d.crop, d.note) for i, d in held.items()} == {
        "FR-7": ("relabel", "maize", 'Hedge, "wet"\nsince May'),
        "FR-8": ("", "", "only a note, é"),
    }
    first, second, third = history(data, "demo")
    assert (first.run_a, first.run_b, second.as_of) == ("a", "b", "2023-06-30")
    assert (third.source, third.decision, third.note) == ("field.csv", "relabel", None)
    assert [e.id for e in history(data, "demo", "FR-7")] == [first.id, third.id]
    assert all(e.author and e.time.endswith("+00:00") for e in (first, second, third))
    decide(data, "demo", [Said(parcel(7), ""), Said(parcel(8), note="")])
    assert {i: d.note for i, d in current(data, "demo").items()} == {
        "FR-7": 'Hedge, "wet"\nsince May'
    }


def test_a_note_on_a_stale_page_takes_no_decision_back(data: Path) -> None:
    decide(data, "demo", [Said(parcel(1), "keep")])
    decide(data, "demo", [Said(parcel(1), note="who sees no decision yet")])
    assert current(data, "demo")["FR-1"].decision == "keep"


def test_undoing_is_an_event_and_takes_back_one_s_own_word_alone(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    being("anna", monkeypatch)
    decide(data, "demo", [Said(parcel(1), "keep")])
    decide(data, "demo", [Said(parcel(1), "visit")])
    being("bert", monkeypatch)
    assert undo(data, "demo") == ()
    decide(data, "demo", [Said(parcel(1), "doubtful")])
    being("anna", monkeypatch)
    (taken,) = undo(data, "demo")
    assert taken.decision == "visit"
    assert current(data, "demo")["FR-1"].decision == "doubtful"  # bert's, which came later
    being("bert", monkeypatch)
    undo(data, "demo")
    assert current(data, "demo")["FR-1"].decision == "keep"
    being("anna", monkeypatch)
    undo(data, "demo")
    assert undo(data, "demo") == ()
    assert current(data, "demo") == {}
    events = history(data, "demo")
    assert len(events) == 6
    assert {e.undoes for e in events} - {None} == {e.id for e in events if e.undone}
    assert [e.action for e in record.read(data, by="anna")] == ["decide"] * 2 + ["undo"] * 2


def test_what_was_said_of_many_at_once_is_taken_back_at_once(data: Path) -> None:
    decide(data, "demo", [Said(parcel(2), "visit")])
    decide(data, "demo", [Said(parcel(n), "leave_out") for n in range(1, 5)])
    decide(data, "demo", [Said(parcel(n), note="wet") for n in (1, 9)])
    assert [e.register_id for e in undo(data, "demo")] == ["FR-1", "FR-9"]
    assert len(current(data, "demo")) == 4
    assert [e.parcel_id for e in undo(data, "demo")] == [1, 2, 3, 4]
    assert {i: d.decision for i, d in current(data, "demo").items()} == {"FR-2": "visit"}
    assert len(undo(data, "demo")) == 1
    assert undo(data, "demo") == ()
    assert len(history(data, "demo")) == 14


def _work(address: tuple[Path, int]) -> None:
    folder, who = address
    for n in range(25):
        decide(folder, "demo", [Said(parcel(100 * who + n), "keep", f"by {who}")])
        decide(folder, "demo", [Said(parcel(0), note=f"{who} {n}")])


def test_processes_and_threads_that_decide_at_once_all_keep_their_word(data: Path) -> None:
    with mp.get_context("spawn").Pool(2) as pool, ThreadPoolExecutor(2) as threads:
        waiting = pool.map_async(_work, [(data, 1), (data, 2)])
        list(threads.map(_work, [(data, 3), (data, 4)]))
        waiting.get(120)
    told = defaultdict(list)
    for event in history(data, "demo"):
        told[event.register_id].append(event.note)
    assert set(told) == {"FR-0"} | {f"FR-{100 * w + n}" for w in range(1, 5) for n in range(25)}
    assert sorted(told["FR-0"]) == sorted(f"{w} {n}" for w in range(1, 5) for n in range(25))
    assert len(record.read(data, action="decide")) == 200


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (Said(parcel(1), "burn"), "no decision"), (Said(parcel(1)), "Nothing was said"),
        (Said(parcel(1), "relabel"), "names the class"), (Said(parcel(1), "keep", crop="maize"), "it alone"),
        (Said(parcel(1), note="x" * 2001), "2000"),
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused_with_all_that_came_beside_it(
    tmp_path: Path, said: Said, word: str
) -> None:
    with pytest.raises(ConfigError, match=word):
        decide(tmp_path, "demo", [Said(parcel(2), "keep"), said])
    assert history(tmp_path, "demo") == ()


words = st.sampled_from([None, "", *decisions.WORDS])
spoken = st.tuples(
    st.sampled_from("xyz"), words, st.sampled_from([None, "", "n", "m"]), st.booleans()
)


@given(st.lists(spoken, max_size=12), st.data())
def test_what_holds_is_the_last_word_that_was_not_taken_back(said, drawn) -> None:
    events: list[Event] = []
    blank = Event(0, "t", "who", "", "d", "z", 1, "x", None, "", None, "", "", "", "", None)
    for register_id, decision, note, takes_back in said:
        open_ = [i for i, e in enumerate(events) if not e.undone and e.undoes is None]
        if takes_back and open_:
            i = drawn.draw(st.sampled_from(open_))
            events[i] = replace(events[i], undone=True)
            events.append(replace(blank, id=len(events), undoes=events[i].id))
        else:
            more = {"register_id": register_id, "decision": decision, "note": note}
            events.append(replace(blank, id=len(events), **more))
    held = decisions.fold(events)
    for i in "xyz":
        own = [e for e in events if e.register_id == i and not e.undone and e.undoes is None]
        decided = [e.decision for e in own if e.decision is not None]
        noted = [e.note for e in own if e.note is not None]
        expected = ((decided or [""])[-1], (noted or [""])[-1])
        assert (held[i].decision, held[i].note) == expected if i in held else not any(expected)
