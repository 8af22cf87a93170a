"""An address of tiles is checked before any page is allowed to ask it."""

import pytest

from cropdash.domain.errors import ConfigError
from cropdash.settings.tiles import CREDIT, VARIABLE, Tiles, tiles
from cropdash.ui.shell import guard


def test_none_is_set_unless_the_operator_does(monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert tiles() is None
    assert "img-src 'self' data: blob:" in guard.headers()["Content-Security-Policy"].split("; ")


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://a.org/{z}/{x}/{y}.png", "https://a.org"),
        ("https://a.org:8443/t/{z}/{y}/{x}?key=a-b", "https://a.org:8443"),
        ("http://127.0.0.1:9/{z}/{x}/{y}", "http://127.0.0.1:9"),
    ],
)
def test_only_its_host_may_be_asked_for_pictures(monkeypatch, address: str, origin: str) -> None:
    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.setenv(CREDIT, " © A ")
    assert tiles() == Tiles(address, origin, "© A")
    policy = guard.headers()["Content-Security-Policy"].split("; ")
    assert f"img-src 'self' data: blob: {origin}" in policy
    assert sum(origin in part for part in policy) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://a.org/{z}/{x}/{y}.png",  # anybody on the way could read it
        "https://a.org/{z}/{x}.png",
        "https://a.org/{z}/{x}/{y}/{y}.png",
        "https://a.org/{z}/{x}/{y}/{key}.png",
        "https://{z}.org/{x}/{y}",
        "https://user:word@a.org/{z}/{x}/{y}",
        "https://a.org/{z}/{x}/{y}.png; script-src *",
        "https://a.org/{z}/{x}/{y}.png\nX-Other: 1",
        "https://127.0.0.1.a.org*/{z}/{x}/{y}",
        "javascript:alert({z}{x}{y})",
        "https://a.org/{z}/{x}/{y}/" + "a" * 500,
    ],
)
def test_what_is_no_address_of_tiles_opens_nothing(monkeypatch, address: str) -> None:
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(ConfigError, match="z, x and y in braces"):
        tiles()
    assert "img-src 'self' data: blob:" in guard.headers()["Content-Security-Policy"].split("; ")
