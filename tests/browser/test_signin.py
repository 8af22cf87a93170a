"""Two roles in a browser: by password, and by the team's provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from cropdash.ui.shell import frame
from tests.security.team import PASSWORD, Team, team, tree


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with team(tmp_path_factory.mktemp("team")) as found:
        yield found


def test_a_viewer_s_browser_starts_nothing_at_any_address(here, browser: Browser):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{here.server.url}/Train?dataset=small")
    page.get_by_label("Your name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("vera, viewer")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    before = tree(here)
    orders = "?do=training&start=1&run=x&stop=x&decision=keep&delete=x&dataset=small&like=x"
    for listed in frame.PAGES:
        page.goto(f"{here.server.url}/{listed.address}{orders}")
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    assert tree(here) == before
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    page.goto(here.server.url)
    expect(page.get_by_label("Your name")).to_be_visible()
    context.close()


def test_a_viewer_by_the_provider_and_an_operator_by_password(here, browser: Browser):
    viewer, operator = browser.new_context(locale="en-GB"), browser.new_context(locale="fr-FR")
    page = viewer.new_page()
    page.goto(here.server.url)
    page.get_by_role("link", name="Sign in with your organisation").click()
    page.get_by_role("link", name="otto").click()
    expect(page.get_by_text("otto@example.org, viewer")).to_be_visible()
    expect(page.get_by_text("Who did what")).to_have_count(0)
    other = operator.new_page()
    other.goto(here.server.url)
    other.get_by_label("Votre nom").fill("olga")
    other.get_by_label("Mot de passe").fill(PASSWORD)
    other.get_by_role("button", name="Se connecter").click()
    expect(other.get_by_text("olga, opérateur")).to_be_visible()
    other.get_by_text("Montrer le registre des actions").click()
    expect(other.get_by_role("button", name="Le registre des actions (CSV)")).to_be_visible()
    viewer.close()
    operator.close()
