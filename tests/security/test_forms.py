"""Bad input in the forms of pages: each is one sentence, or is accepted and right.

`FORMS=300 pytest -s tests/security/test_forms.py` tries 300; the tests take some of each form. What
a browser would not let a person type is tried too, since whoever speaks to the socket may send it.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter

import pytest
from streamlit.testing.v1 import AppTest

from cropdash.jobs import launch
from cropdash.settings import classifiers, sources
from cropdash.settings import folders as settings
from cropdash.settings import study as study_config
from cropdash.settings.build import BuildConfig
from cropdash.settings.train import TrainConfig
from cropdash.ui.shell import data
from tests import factory
from tests.security.bad_inputs import BANDS, NAMES, NUMBERS, SEASONS
from tests.security.payloads import TEXTS

COUNT = int(os.environ.get("FORMS", "24"))
LONGEST_S = 10.0
WORDS = (*NAMES, *NUMBERS, *SEASONS, *BANDS, *TEXTS, "x" * 10_000, "/etc/passwd")
# No infinity: Streamlit itself ends the sender's own page on it, before anything here is asked.
FIGURES = (-1, 0, 1, 0.5, -0.5, 1e-300, 1e9, 1e18, 1e300, 2**53, 2**70)
FORMS = (
    ("pages/6_Data.py", {"view": "new"}),
    ("pages/2_Train.py", {}),
    ("pages/2_Train.py", {"do": "search"}),
    ("pages/2_Train.py", {"do": "crossvalidation"}),
    ("pages/2_Train.py", {"do": "join"}),
    ("pages/5_Review.py", {}),
    ("pages/3_Map.py", {}),
    ("pages/1_Explore.py", {}),
    ("pages/4_Compare.py", {}),
)  # fmt: skip
PARAMETERS = ("dataset", "zone", "parcel", "left", "right", "run", "lang", "do", "like", "view", "members", "limits",
              "lights", "cell", "only", "classes", "agree", "where", "study", "part", "level")  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    dataset = factory.write_dataset(folder / "data", zones=4, size=48)
    factory.write_run(folder / "models", dataset, classifier="xgboost", seed=1)
    factory.write_run(folder / "models", dataset, classifier="cnn", seed=2)
    return settings.Folders(folder / "data", folder / "models")


@pytest.fixture
def started(world, monkeypatch):
    """What the forms hand over to be started, in place of its start."""
    taken: list[object] = []

    def start(config: object, **_: object) -> str:
        taken.append(config)
        return data.store().runs()[0].run_id

    monkeypatch.setenv("CROPDASH_DATA", str(world.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(world.models))
    for name in ("start", "start_build", "resume_build", "resume"):
        monkeypatch.setattr(launch, name, start)
    data.store.clear()
    yield taken
    data.store.clear()


def spoil(app: AppTest, rng: random.Random) -> list[str]:
    """Give some controls a value that nobody expects; returns what was given to what."""
    written = [*app.text_input, *app.text_area]
    chosen = [*app.selectbox, *app.multiselect, *app.toggle, *app.checkbox]
    controls = rng.sample(written, min(len(written), rng.randint(1, 2)))
    controls += rng.sample(list(app.number_input), min(len(app.number_input), rng.randint(0, 2)))
    controls += rng.sample(chosen, min(len(chosen), rng.randint(0, 2)))
    given = []
    for control in controls:
        if control.disabled:
            continue
        if control.type in ("text_input", "text_area"):
            value: object = rng.choice(WORDS)
        elif control.type == "number_input":
            value = rng.choice(FIGURES)
        elif control.type == "selectbox":
            value = rng.choice(control.options) if control.options else None
        elif control.type == "multiselect":
            value = rng.sample(list(control.options), rng.randint(0, len(control.options)))
        else:
            value = rng.random() < 0.5
        try:
            control.select(value) if control.type == "selectbox" else control.set_value(value)
        except (ValueError, TypeError, IndexError):
            continue  # the test's own control has no such value
        given.append(f"{control.label}={value!r}"[:80])
    return given


def is_right(config: object) -> bool:
    """True for settings that say the same when they are checked anew."""
    if isinstance(config, TrainConfig):
        return classifiers.parse(config.model_dump(mode="json")) == config
    if isinstance(config, BuildConfig):
        return sources.parse(config.model_dump(mode="json")) == config
    again = study_config.parse(config.model_dump(mode="json"))  # type: ignore[attr-defined]
    return again.model_dump(mode="json") == config.model_dump(mode="json") and is_right(
        config.training()
    )


def visit(page: str, query: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(settings.PROJECT / "app.py"), default_timeout=60)
    app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def test_bad_input_in_a_form_is_a_sentence_or_taken(started):
    faults, ends, slowest = [], Counter(), 0.0
    for seed in range(COUNT):
        rng = random.Random(seed)
        page, query = FORMS[seed % len(FORMS)]
        if rng.random() < 0.3:
            query = query | {
                rng.choice(PARAMETERS): rng.choice([w for w in WORDS if w.isprintable()])[:200]
            }
        begun, started[:] = time.process_time(), []
        app = visit(page, query)
        given = spoil(app, rng)
        app.run()
        for button in app.button:
            if button.label.startswith(("Start", "Join")) and not button.disabled:
                button.click().run()
                break
        slowest = max(slowest, time.process_time() - begun)
        where = f"{seed}: {page} {query} {given}"
        if app.exception:
            faults.append(f"{where}: {app.exception[0].message[:300]}")
        elif not all(map(is_right, started)):
            faults.append(f"{where}: {started} was taken")
        elif [e for e in app.error if "\n\n" in e.value or len(e.value) > 4000]:
            faults.append(f"{where}: more than a sentence")
        ends["taken" if started else "said" if app.error else "shown"] += 1
    sys.stdout.write(f"{COUNT} inputs: {dict(ends)}, the slowest took {slowest:.1f} s\n")
    assert not faults, f"{len(faults)} of {COUNT}:\n" + "\n".join(faults)
    assert slowest < LONGEST_S  # of work: a busy machine takes longer
    assert ends["said"]
