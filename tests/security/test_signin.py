"""Who is let in, as what: a password, a provider, the page's own socket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cropdash.domain.errors import ConfigError
from cropdash.jobs import launch
from cropdash.settings import access
from cropdash.storage import record, users
from cropdash.ui.shell import serving
from tests import worlds
from tests.browser.conftest import serve
from tests.security import provider as providers
from tests.security import talking
from tests.security.team import COOKIE_SECRET, PASSWORD, Team, cookie_of, team, tree

START, BUILD = "Train ", "Build the demo"  # buttons; the first one names the model


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """One world for all tests."""
    with team(tmp_path_factory.mktemp("team")) as found:
        yield found


# at the door --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/Train", "/Review?dataset=small", "/absent", "//evil"])
def test_who_has_not_signed_in_is_led_to_the_sign_in(here, path):
    status, headers, _ = talking.request(here.server.url, path, Accept="text/html")
    assert status == 303
    assert headers["Location"].startswith("/sign-in?to=")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_stcore/host-config"), ("GET", "/app/static/panels.js"), ("GET", "/media/x.csv"),
        ("PUT", "/_stcore/upload_file/a/b"), ("GET", "/_stcore/bidi-components/x"),
        ("DELETE", "/_stcore/upload_file/a/b"), ("GET", "/sign-out"),
    ],
)  # fmt: skip
def test_nothing_else_is_given_to_them(here, method, path):
    assert (
        talking.request(here.server.url, path, method, "x" if method == "PUT" else None)[0] == 401
    )


def test_nor_the_socket(here):
    for cookie in (
        "",
        "cropdash_signed_in=x",
        "cropdash_signed_in=" + cookie_of(here, "anna")[30:],
    ):
        with pytest.raises(InvalidStatus) as refused, talking.socket(here.server.url, cookie):
            pass
        assert refused.value.response.status_code == 401


def test_streamlit_s_own_ways_to_sign_in_are_closed(here):
    cookie = cookie_of(here, "vera")
    for path in ("/auth/login", "/auth/logout", "/oauth2callback"):
        assert talking.request(here.server.url, path, Cookie=cookie)[0] == 404


def test_a_wrong_password_says_no_more_for_one_name_than_for_another(here):
    told = []
    for name in ("anna", "nobody", "otto@example.org", "<b>x</b>"):
        status, cookie, text = talking.sign_in(here.server.url, name, "wrong horse battery")
        assert (status, cookie) == (403, "")
        told.append(text)
    assert len(set(told)) == 1
    assert "Name or password is wrong." in told[0]


def test_too_many_wrong_passwords_have_to_wait(here):
    users.put(here.users, "gil", "viewer", PASSWORD)
    status = [talking.sign_in(here.server.url, "gil", f"wrong {n}")[0] for n in range(11)]
    assert status == [403] * 10 + [429]
    assert talking.sign_in(here.server.url, "gil", PASSWORD)[0] == 429
    assert talking.sign_in(here.server.url, "vera", PASSWORD)[0] == 303


def test_one_lands_where_one_wanted_to_go_and_nowhere_else(here):
    wanted = {
        "/Review?dataset=small&lang=fr": "/Review?dataset=small&lang=fr",
        "https://evil.example/": "/",
        "//evil.example/Review": "/",
        "/\\evil.example": "/",
        "/absent": "/",
        "javascript:alert(1)": "/",
    }
    for to, there in wanted.items():
        body = f"name=vera&password={PASSWORD.replace(' ', '+')}&to=" + to.replace("&", "%26")
        kind = "application/x-www-form-urlencoded"
        _, headers, _ = talking.request(
            here.server.url, "/sign-in", "POST", body, Content_Type=kind
        )
        assert headers["Location"] == there
        assert "HttpOnly" in headers["Set-Cookie"]
        assert "SameSite=lax" in headers["Set-Cookie"]


def test_another_site_s_form_signs_nobody_in(here):
    body, kind = f"name=vera&password={PASSWORD}", "application/x-www-form-urlencoded"
    foreign = "http://evil.example"
    answer = talking.request(
        here.server.url, "/sign-in", "POST", body, Content_Type=kind, Origin=foreign
    )
    assert answer[0] == 403


def test_a_form_that_is_no_form_is_answered(here):
    for body in ("", "x" * 100_000, "name=%ff&password=%ff", "&".join("a=b" for _ in range(50))):
        status = talking.request(here.server.url, "/sign-in", "POST", body)[0]
        assert status in (303, 400, 403)


# by the socket ------------------------------------------------------------------------------------


def test_a_viewer_s_socket_starts_nothing_though_it_presses_the_button(here):
    before = tree(here)
    with talking.socket(here.server.url, cookie_of(here, "vera")) as link:
        button, disabled = talking.button_of(talking.press(link), START)
        assert disabled
        said = talking.said(talking.press(link, button))
    assert "the role viewer, vera may not start jobs" in said
    assert tree(here) == before


def test_an_analyst_s_starts_what_it_presses(here, monkeypatch):
    """The same message, so that the test above is one of the policy."""
    with talking.socket(here.server.url, cookie_of(here, "anna")) as link:
        button, disabled = talking.button_of(talking.press(link), START)
        assert not disabled
        talking.press(link, button)
    data, models = here.server.folder / "data", here.server.folder / "models"
    monkeypatch.setenv("CROPDASH_DATA", str(data))
    monkeypatch.setenv("CROPDASH_MODELS", str(models))
    (row,) = [e for e in record.read(data) if e.action == "start"]
    launch.end_now(row.object)
    assert (row.name, row.role) == ("anna", "analyst")


def test_a_viewer_uploads_nothing_into_the_server_s_memory(here):
    path, body = "/_stcore/upload_file/a/b", "x" * 1000
    status, _, text = talking.request(
        here.server.url, path, "PUT", body, Cookie=cookie_of(here, "vera")
    )
    assert status == 403
    assert "may not upload files" in text
    asked = talking.request(here.server.url, path, "PUT", body, Cookie=cookie_of(here, "anna"))
    assert asked[0] != 403 or "may not" not in asked[2]  # there is no such session of Streamlit's


@pytest.mark.parametrize("change", ["removed", "another password"])
def test_an_open_socket_ends_when_its_user_is(here, change):
    users.put(here.users, "tom", "analyst", PASSWORD)
    cookie = cookie_of(here, "tom")
    with talking.socket(here.server.url, cookie) as link:
        talking.press(link)
        if change == "removed":
            users.remove(here.users, "tom")
        else:
            users.put(here.users, "tom", "analyst", PASSWORD + "!")
        with pytest.raises(ConnectionClosed):
            talking.press(link)
    assert talking.request(here.server.url, "/", Cookie=cookie)[0] == 401


def test_a_role_that_is_taken_away_counts_at_once(here):
    users.put(here.users, "rob", "analyst", PASSWORD)
    with talking.socket(here.server.url, cookie_of(here, "rob")) as link:
        assert "may not start jobs" not in talking.said(talking.press(link))
        users.put(here.users, "rob", "viewer")
        assert "may not start jobs" in talking.said(talking.press(link))


# the provider -------------------------------------------------------------------------------------


def by_provider(here: Team, person: str) -> tuple[int, str, str]:
    """Go the way that a browser goes; status, our cookie and the text at its end."""
    status, headers, _ = talking.request(here.server.url, "/sign-in/with?to=%2FTrain")
    assert status == 302
    session = headers["Set-Cookie"].partition(";")[0]
    place = headers["Location"]
    _, _, page = talking.request(here.provider.url, place.removeprefix(here.provider.url))
    back = dict(re.findall(r'<a href="([^"]+)">(\w+)</a>', page))
    (there,) = [href for href, name in back.items() if name == person]
    status, headers, text = talking.request(
        here.server.url, there.removeprefix(here.server.url), Cookie=session
    )
    cookies = [c.partition(";")[0] for c in headers.get_all("Set-Cookie") or []]
    return status, next((c for c in cookies if c.startswith("cropdash")), ""), text


def test_a_person_of_the_provider_comes_in_by_a_verified_address(here):
    status, cookie, _ = by_provider(here, "otto")
    assert (status, bool(cookie)) == (303, True)
    with talking.socket(here.server.url, cookie) as link:
        assert "otto@example.org" in talking.said(talking.press(link))


@pytest.mark.parametrize("person", ["una", "mallory"])
def test_who_is_no_user_stays_outside(here, person):
    """Not by an address that nobody verified, and not under the name of who has a password."""
    status, cookie, text = by_provider(here, person)
    assert (status, cookie) == (403, "")
    assert "the operator has not let you in" in text


@pytest.mark.parametrize(
    "false",
    [
        {"iss": "http://127.0.0.1:9"}, {"aud": "another"}, {"nonce": "old"},
        {"exp": 1_000_000_000, "iat": 999_999_000}, "key",
    ],
)  # fmt: skip
def test_a_false_token_lets_nobody_in(here, false):
    provider = here.provider
    if false == "key":
        provider.signed_with = provider.key.generate_key(2048, {"kid": "k1"})
    else:
        provider.changed = false
    try:
        status, cookie, text = by_provider(here, "otto")
    finally:
        provider.changed, provider.signed_with = {}, None
    assert (status, cookie) == (502, "")
    assert "did not sign you in" in text


def test_another_browser_s_answer_of_the_provider_lets_nobody_in(here):
    """Whoever is led to a stranger's way back has not asked for it."""
    for path in (
        "/sign-in/back?code=x&state=y",
        "/sign-in/back?error=access_denied",
        "/sign-in/back",
    ):
        assert talking.request(here.server.url, path)[0] == 502


# what is written ----------------------------------------------------------------------------------


def test_no_secret_is_written_anywhere(here):
    by_provider(here, "otto")
    talking.sign_in(here.server.url, "anna", PASSWORD)
    kept = {"users.json", "secrets.toml"}
    for path in here.server.folder.rglob("*"):
        if path.is_file() and path.name not in kept:
            text = path.read_bytes()
            for secret in (PASSWORD, COOKIE_SECRET, providers.SECRET):
                assert secret.encode() not in text, path
    assert PASSWORD not in here.users.read_text()


# what the operator says ---------------------------------------------------------------------------


def test_a_server_that_would_let_everybody_in_does_not_start(tmp_path):
    with pytest.raises(RuntimeError, match="ended with code"):
        next(serve(tmp_path, {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}))  # noqa: S104
    (log,) = tmp_path.glob("server-*.log")
    assert "let everybody who reaches 0.0.0.0" in log.read_text()
    assert "Traceback" not in log.read_text()


HERE = {"server.address": "127.0.0.1", "server.allowedHosts": ["127.0.0.1", "localhost", "::1"]}


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        ({}, {}, ""),
        ({"server.address": "::1"}, {}, ""),
        ({"server.address": None}, {}, "reaches 0.0.0.0"),
        ({"server.address": "192.0.2.7"}, {}, "reaches 192.0.2.7"),
        (
            {"server.allowedHosts": ["localhost", "maps.example.org"]},
            {},
            "reaches maps.example.org",
        ),
        ({"server.allowedHosts": []}, {}, r"reaches \*"),
        ({"server.address": "0.0.0.0"}, {access.OPEN: "1"}, ""),  # noqa: S104
        ({"server.address": "0.0.0.0"}, {access.OPEN: "yes"}, "reaches 0.0.0.0"),  # noqa: S104
        ({}, {access.USERS: "/absent/users.json"}, "can't be read"),
        ({}, {access.JOBS: "few"}, "CROPDASH_JOBS_PER_PERSON"),
    ],
)
def test_whom_a_server_lets_in_without_a_sign_in(monkeypatch, options, environment, told):
    monkeypatch.setattr(serving.st, "get_option", (HERE | options).__getitem__)
    monkeypatch.setattr(serving.signin, "provider", lambda: None)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=told) if told else nullcontext():
        serving.check_served()


@pytest.mark.parametrize(
    ("users_too", "auth", "told"),
    [(False, {"client_id": "x"}, "no file of users"), (True, {"client_id": "x"}, "lacks client_s")],
)
def test_a_provider_that_is_half_set_is_one_sentence(monkeypatch, tmp_path, users_too, auth, told):
    if users_too:
        users.put(tmp_path / "users.json", "otto", "viewer")
        monkeypatch.setenv(access.USERS, str(tmp_path / "users.json"))
    monkeypatch.setattr(serving.st, "get_option", HERE.__getitem__)
    monkeypatch.setattr(serving.signin, "provider", lambda: auth)
    with pytest.raises(ConfigError, match=told):
        serving.check_served()


def test_where_nobody_signs_in_everything_is_as_it_was(tmp_path):
    assert "CROPDASH_USERS" not in worlds.environment(tmp_path)
    for server in serve(tmp_path):
        assert talking.request(server.url, "/")[0] == 200
        with talking.socket(server.url) as link:
            messages = talking.press(link)
        assert not talking.button_of(messages, BUILD)[1]
        assert "Sign out" not in talking.said(messages)
