"""Who asks, with which rights, and that no secret is told to anybody."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest

from cropdash.domain import Season, Zone
from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.ingest.earthengine import connect, credentials
from cropdash.ingest.earthengine.service import Service
from cropdash.ingest.earthengine.source import EarthEngineSource
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.service import SECRET, Fault, key_file
from tests.ingest.earthengine.test_composite import Kept

pytestmark = pytest.mark.usefixtures("fresh")
ZONE = Zone("z", "north", "train", worlds.GRID)


def test_a_service_account_asks_for_the_right_to_read_alone(google, service):
    connect.Client("my-project", service).open()
    assert google.claims[-1]["scope"] == "https://www.googleapis.com/auth/earthengine.readonly"
    assert google.claims[-1]["iss"] == "reader@my-project.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read (No such file or directory): correct the path"),
        ("{", "is not JSON: download"),
        ("\udcff", "is not JSON: download"),
        ("[]", "is no service account's key"),
        ("{}", "is no service account's key"),
        ('{"type": "authorized_user"}', "is no service account's key"),
        ("broken", "is no service account's key"),
    ],
)
def test_a_key_that_is_none_is_told_without_its_path(
    google, service, monkeypatch, tmp_path, content, said
):
    path = tmp_path / "most-secret.json"
    if content == "broken":
        content = json.dumps(key_file(google.url) | {"private_key": "-----BEGIN PRIVATE KEY-----"})
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    monkeypatch.setenv(credentials.KEY, str(path))
    with pytest.raises(ConfigError) as raised:
        connect.Client("my-project", service).open()
    assert said in str(raised.value)
    told = "".join(traceback.format_exception(raised.value))
    assert "most-secret" not in told
    assert google.log == []


def test_without_any_credentials_it_says_what_to_do(google, service, monkeypatch):
    monkeypatch.delenv(credentials.KEY)
    with pytest.raises(ConfigError, match=r"set CROPDASH_EE_KEY .* 'earthengine authenticate'"):
        connect.Client("my-project", service).open()


@pytest.mark.parametrize("content", ["[]", "null", "{", "{}", '{"refresh_token": ""}'])
def test_a_login_that_is_none_counts_as_none(google, service, monkeypatch, tmp_path, content):
    monkeypatch.delenv(credentials.KEY)
    path = tmp_path / ".config" / "earthengine" / "credentials"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(ConfigError, match="There are no credentials"):
        connect.Client("my-project", service).open()


def test_the_users_own_login_is_used_where_there_is_no_key(google, monkeypatch, tmp_path):
    monkeypatch.delenv(credentials.KEY)
    path = tmp_path / ".config" / "earthengine" / "credentials"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"refresh_token": "again-and-again", "project": "elsewhere"}))
    held = credentials.find()
    assert held.refresh_token == "again-and-again"  # noqa: S105
    assert held.token_uri == "https://oauth2.googleapis.com/token"  # noqa: S105


def test_a_token_travels_in_the_clear_to_this_machine_only():
    with pytest.raises(ConfigError, match="https://"):
        Service("http://earthengine.example.com")
    Service("http://127.0.0.1:80")


class Listening(logging.Handler):
    """Everything that is logged by anybody, formatted with what was raised."""

    def __init__(self):
        super().__init__(logging.NOTSET)
        self.heard = []
        self.formatter = logging.Formatter("%(name)s %(message)s")

    def emit(self, record):
        self.heard.append(self.format(record))


@pytest.fixture
def heard():
    """All that is logged while the test runs, by every logger down to its last detail."""
    root, handler = logging.getLogger(), Listening()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield handler.heard
    root.removeHandler(handler)
    root.setLevel(before)


FAULTS = {
    "none": lambda ask, n: None,
    "refused": lambda ask, n: Fault(403) if ask.kind == "pixels" else None,
    "unknown": lambda ask, n: Fault(401) if ask.kind == "pixels" else None,
    "no login": lambda ask, n: Fault(400) if ask.kind == "token" else None,
    "login down": lambda ask, n: Fault(503) if ask.kind == "token" else None,
    "garbage": lambda ask, n: (
        Fault(how="change", change=lambda body: body[:20]) if ask.kind == "token" else None
    ),
    "broken": lambda ask, n: Fault(how="cut") if ask.kind == "pixels" else None,
    "down": lambda ask, n: Fault(500) if ask.kind == "algorithms" else None,
}


@pytest.mark.parametrize("case", FAULTS)
def test_no_secret_is_told_whatever_happens(google, service, heard, account, case, capfd):
    google.assets, _ = worlds.served()
    google.fault = FAULTS[case]
    source = EarthEngineSource(
        "my-project", Path("no.gpkg"), (ZONE,), Season.of(2023), at_once=2, service=service
    )
    store, told = Kept(), [repr(source)]
    try:
        source.composites(ZONE, kept=store)
    except CropdashError as error:
        told += traceback.format_exception(error)
        told.append(repr(error.__context__))
    assert (case == "none") == (len(store) == 12)
    told += heard
    told += [str(arrays.get("made_of")) for arrays in store.values()]
    told += capfd.readouterr()
    everything = "\n".join(told)
    assert heard
    private = json.loads(account.read_text())["private_key"].splitlines()[3]
    for secret in (SECRET, str(account), account.parent.name, private, "assertion="):
        assert secret not in everything
