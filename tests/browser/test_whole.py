"""What holds on every page: nobody is shut out, nothing leaves the machine, readers stay apart."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cropdash.settings import study as study_config
from cropdash.settings.folders import Folders
from cropdash.storage import status, studies
from cropdash.storage.status import Status
from cropdash.storage.studies import Trial
from cropdash.ui.shell import frame
from tests.browser.conftest import Server, watched
from tests.browser.test_explore import map_frame

PAGES = tuple(page.address for page in frame.PAGES)
# Views of pages that hold other controls than the page as it opens.
VIEWS = (
    "Train?do=join",
    "Train?do=search",
    "Map?view=swipe&shows=confidence&classes=maize,beet",
    "Map?view=one&shows=both",
    "Compare?matrix=difference&part=confidence",
)
WITH_CHARTS = ("Explore", "Compare", "Review")


def address(server: Server, name: str) -> str:
    """A deep link to a page or view with a test zone and one of its parcels."""
    zone = next(z.zone_id for z in server.store.zones("demo") if z.split == "test")
    parcel = int(server.store.parcels("demo", zone)["parcel_id"].iloc[0])
    name, _, view = name.partition("?")
    return f"{server.url}/{name}?dataset=demo&zone={zone}&parcel={parcel}&{view}"


def settled(page: Page, name: str) -> None:
    """Until the page has run to its end and drawn its charts."""
    name = name.partition("?")[0]
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    if name in WITH_CHARTS:
        page.wait_for_selector(".js-plotly-plot .main-svg")
    if name in ("Explore", "Map", "Review"):
        map_frame(page)


def faults_of(page: Page) -> list[str]:
    """Sentences on each fault that axe-core finds, in the page and in the frames of its maps."""
    for inner in page.frames[1:]:
        inner.evaluate(Axe().axe_script)  # is asked by that of the page
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:150]} {node['target']}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]


@pytest.fixture
def searched(server: Server) -> None:
    """A search with trials of each kind, beside the runs."""
    own = {"dataset": "demo", "classifier": "xgboost", "kind": "optuna"}
    study = studies.queue(
        Folders(server.folder / "data", server.folder / "models"), study_config.parse(own)
    )
    for n, (state, score) in enumerate((("done", 0.5), ("pruned", 0.4), ("failed", None))):
        study.write_trial(
            Trial(n, state, {"trees": 80 + n, "inputs": "raw"}, score, 0.75, 0.25, 3.0)
        )
    status.write(
        study.path, Status("stopped", created=1.0, started=1.0, finished=9.0, heartbeat=9.0)
    )


@pytest.mark.usefixtures("searched")
# Names depend on the language alone and colours on the theme alone: two of four see all.
@pytest.mark.parametrize(("theme", "language"), [("light", "fr"), ("dark", "en")])
def test_no_page_shuts_anybody_out_nor_calls_abroad(
    browser: Browser, server: Server, theme: str, language: str
) -> None:
    faults: dict[str, list[str]] = {}
    with watched(browser, server, color_scheme=theme) as page:  # fails on requests and errors
        for name in (*PAGES, *VIEWS):
            page.goto(f"{address(server, name)}&lang={language}")
            settled(page, name)
            for inner in page.frames:
                inner.wait_for_function(
                    "spoken => document.documentElement.lang === spoken", arg=language
                )
            if found := faults_of(page):
                faults[name or "Overview"] = found
    assert not faults


def test_two_readers_never_see_each_others_choices(browser: Browser, server: Server) -> None:
    zones = [z.zone_id for z in server.store.zones("demo")]
    parcels = {z: server.store.parcels("demo", z)["parcel_id"].tolist() for z in zones}
    one, two = sorted(zones, key=lambda z: -len(parcels[z]))[:2]
    with watched(browser, server) as left, watched(browser, server, locale="fr-FR") as right:
        left.goto(f"{server.url}/Explore?dataset=demo&zone={one}&parcel={parcels[one][0]}")
        right.goto(f"{server.url}/Explore?dataset=demo&zone={two}&parcel={parcels[two][1]}")
        settled(left, "Explore")
        settled(right, "Explore")
        expect(left.get_by_role("heading", level=1)).to_have_text("Explore")
        expect(right.get_by_role("heading", level=1)).to_have_text("Explorer")
        choose_parcel(left, str(parcels[one][2]))
        choose_parcel(right, str(parcels[two][3]))
        for page, zone, parcel, other in (
            (left, one, parcels[one][2], two),
            (right, two, parcels[two][3], one),
        ):
            expect(page).to_have_url(re.compile(rf"parcel={parcel}(&|$)"))
            assert f"zone={zone}" in page.url
            assert other not in page.url
            drawn = page.evaluate(
                "() => Array.from(document.querySelectorAll('.js-plotly-plot'))"
                ".flatMap(p => (p._fullData || []).map(t => t.name || ''))"
            )
            assert any(re.match(rf"\S+ \d*0{parcel}(\s?:|$)", name) for name in drawn), drawn
        left.reload()
        settled(left, "Explore")
        assert f"parcel={parcels[one][2]}" in left.url
        expect(left.get_by_role("heading", level=1)).to_have_text("Explore")


def choose_parcel(page: Page, parcel: str) -> None:
    """By the map's keyboard twin: the first select box that lists parcels."""
    box = page.get_by_role("combobox", name=re.compile("^(Selected .*)?(Parcel|Parcelle)")).first
    box.fill(parcel.zfill(5))
    page.get_by_role("option", name=re.compile(rf"^\d*0{parcel} ·")).first.click()
    expect(page).to_have_url(re.compile(rf"parcel={parcel}(&|$)"))
    page.wait_for_function(
        "id => Array.from(document.querySelectorAll('.js-plotly-plot'))"
        ".some(p => (p._fullData || []).some(t => new RegExp(`^\\\\S+ \\\\d*0${id}(\\\\s?:|$)`).test(t.name)))",
        arg=parcel,
    )
