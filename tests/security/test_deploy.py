"""What docs/deploy.md promises: the proxy's own file in front of a server, and the unit."""

from __future__ import annotations

import http.client
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_connection
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cropdash.storage import users
from tests.browser.conftest import free_port, serve
from tests.security import talking

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
NAME, PASSWORD = "maps.example.org", "correct horse battery"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


@dataclass
class Proxy:
    port: int
    trust: ssl.SSLContext

    @property
    def host(self) -> str:
        return f"{NAME}:{self.port}"

    def ask(self, method: str, path: str, body: str | None = None, **headers: str):
        """Status, headers and text of an answer that comes through the proxy."""
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.trust)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, body, {"Host": self.host} | named)
        answer = link.getresponse()
        text = answer.read().decode("utf-8", "replace")
        link.close()
        return answer.status, answer.headers, text

    def socket(self, cookie: str, origin: str):
        headers = {"Cookie": cookie, "Origin": origin}
        address, link = (
            f"wss://{self.host}/_stcore/stream",
            create_connection(("127.0.0.1", self.port)),
        )
        return connect(
            address, additional_headers=headers, ssl=self.trust, max_size=None, sock=link
        )


def certify(folder: Path) -> ssl.SSLContext:
    """A certificate for NAME that nobody but the context returned knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    trust.check_hostname = False  # it is reached by its address here
    return trust


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("deployed")
    users.put(folder / "users.json", "vera", "viewer", PASSWORD)
    port, trust = free_port(), certify(folder)
    said = {
        "CROPDASH_USERS": str(folder / "users.json"),
        "STREAMLIT_SERVER_ALLOWED_HOSTS": f"{NAME} 127.0.0.1",
    }
    for server in serve(folder, said):
        text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        text = text.replace("/etc/cropdash/tls", str(folder))
        text = text.replace("127.0.0.1:8501", urlsplit(server.url).netloc)
        places = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{places}{text}}}\n"
        )
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            found = Proxy(port, trust)
            wait_for(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(20)


def wait_for(proxy: Proxy, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "nginx has ended"
        try:
            if proxy.ask("GET", "/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("The proxy does not answer.")


def signed_in(proxy: Proxy) -> str:
    body, kind = (
        urlencode({"name": "vera", "password": PASSWORD}),
        "application/x-www-form-urlencoded",
    )
    own = f"https://{proxy.host}"
    status, headers, _ = proxy.ask("POST", "/sign-in", body, Content_Type=kind, Origin=own)
    assert status == 303
    assert "Secure" in headers["Set-Cookie"]
    return str(headers["Set-Cookie"]).partition(";")[0]


def test_one_signs_in_and_works_through_the_proxy(proxy):
    assert proxy.ask("GET", "/Train", Accept="text/html")[0] == 303
    cookie = signed_in(proxy)
    status, headers, _ = proxy.ask("GET", "/Train", Cookie=cookie)
    assert status == 200
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    with proxy.socket(cookie, f"https://{proxy.host}") as link:
        assert "vera" in talking.said(talking.press(link))


def test_the_proxy_lets_no_other_site_nor_name_in(proxy):
    cookie = signed_in(proxy)
    for origin in ("https://evil.example", f"https://127.0.0.1:{proxy.port}"):
        with pytest.raises(InvalidStatus), proxy.socket(cookie, origin):
            pass
    assert proxy.ask("GET", "/", Cookie=cookie, Host="evil.example")[0] == 400
    assert proxy.ask("GET", "/_stcore/metrics", Cookie=cookie)[0] == 404


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_one_that_systemd_knows(tmp_path):
    text = (DEPLOY / "cropdash.service").read_text(encoding="utf-8")
    here = text.replace("/srv/cropdash/.venv/bin/python", shutil.which("python3") or "python3")
    (tmp_path / "cropdash.service").write_text(here)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "cropdash.service")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not [line for line in said.stderr.splitlines() if "cropdash.service" in line]


def test_the_files_of_the_guide_name_what_there_is():
    guide = (DEPLOY.parent / "deploy.md").read_text(encoding="utf-8")
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (DEPLOY.parents[1] / "cropdash").glob("*/*.py")
    )
    told = guide + "".join(path.read_text(encoding="utf-8") for path in DEPLOY.iterdir())
    for text in (
        guide,
        *((DEPLOY / name).read_text() for name in ("cropdash.service", "Containerfile")),
    ):
        assert "static/cache" in text  # the one folder of the program that pages write into
    copied = re.findall(r"(?m)^COPY (\S+)", (DEPLOY / "Containerfile").read_text())
    assert "." not in copied  # data, keys and history stay outside
    assert all((DEPLOY.parents[1] / name).exists() for name in copied)
    variables = set(re.findall(r"CROPDASH_[A-Z_]+", told))
    assert len(variables) >= 6
    assert {name for name in variables if name not in sources} == set()
