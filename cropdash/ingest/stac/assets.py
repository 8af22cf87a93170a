"""Addresses of assets as GDAL wants them, signed where needed, and how reading goes wrong."""

from __future__ import annotations

import logging
import re
import threading
from urllib.parse import unquote, urlparse

import requests
from rasterio.errors import RasterioError

from cropdash.domain.errors import CropdashError, InvalidScene, SourceUnavailable
from cropdash.files.retry import Transient
from cropdash.ingest import http
from cropdash.ingest.stac.endpoints import Endpoint

# GDAL's documented options for files over HTTP. Its own repeats are few: Endpoint.retry has the rest.
SETTINGS: dict[str, str] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no listing of folders, no side-car files
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",  # [s]
    "GDAL_HTTP_TIMEOUT": "60",  # [s] of one range
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "0.5",  # [s]
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
}
# GDAL remembers that a file could not be opened, and would fail again without a request.
FORGET: dict[str, str] = {"CPL_VSIL_CURL_NON_CACHED": "/vsicurl/http:/vsis3/"}
_STATUS = re.compile(r"(?:response code|response_code|HTTP error code)\D{0,3}(\d{3})")
_NETWORK = re.compile(r"CURL error|timed? ?out|Could(n't| not) (connect|resolve)", re.IGNORECASE)
_GONE = re.compile(r"NoSuchKey|NoSuchBucket|does not exist|No such file", re.IGNORECASE)
_REFUSED = re.compile(r"AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken")
# A filter holds for one logger alone, so all that name files are listed.
_LOGGERS = tuple(f"rasterio.{n}" for n in ("_base", "_env", "_err", "_io", "_warp"))
_SIGNING = threading.Lock()  # all bands ask for one token


def gdal_path(href: str, endpoint: Endpoint) -> str:
    """What GDAL opens. Raises InvalidScene for kinds of address that are not to be opened."""
    scheme = urlparse(href).scheme.lower()
    if scheme in ("http", "https"):
        return "/vsicurl/" + (href if endpoint.signing == "none" else sign(href, endpoint))
    if scheme == "s3":
        return "/vsis3/" + href[len("s3://") :]
    if endpoint.local_assets and scheme in ("", "file"):
        path = unquote(urlparse(href).path) if scheme else href
        if path.startswith("/") and not path.startswith("/vsi"):
            return path
    raise InvalidScene("its address is not of a kind that is opened (https, s3)")


def sign(href: str, endpoint: Endpoint) -> str:
    """The address with the provider's short-lived token, fetched when the last is about to expire.

    planetary-computer signs; its own request for a token waits without limit, so the token is
    fetched here and put where the library looks first.
    """
    from planetary_computer import sas  # type: ignore[import-untyped]
    from planetary_computer.utils import parse_blob_url  # type: ignore[import-untyped]

    address = urlparse(href)
    if address.netloc.endswith(sas.BLOB_STORAGE_DOMAIN) and "sig=" not in address.query:
        account, container = parse_blob_url(address)
        with _SIGNING:
            _refresh_token(f"{account}/{container}", endpoint)
    return str(sas.sign_url(href))


def judge(error: RasterioError, what: str, endpoint: Endpoint, remote: bool) -> CropdashError:
    """What a failed read means: InvalidScene or SourceUnavailable, to be raised.

    Raises Transient if another try may succeed. GDAL's texts hold addresses, which may hold
    tokens, so none of them is passed on.
    """
    text = _texts(error)
    status = _STATUS.search(text)
    code = int(status[1]) if status else 0
    if code in (401, 403) or _REFUSED.search(text):
        return SourceUnavailable(
            "{a} refuses to hand out {b} ({c}): check the credentials in the environment,"
            " then go on with the build.",
            a=endpoint.name,
            b=what,
            c=code or "access denied",
        )
    if code in (404, 410) or _GONE.search(text):
        return InvalidScene("{a} is not where its item says: left out.", a=what)
    if remote and (code or _NETWORK.search(text)):
        raise Transient(f"status {code}" if code else "the connection failed")
    if remote:
        raise Damaged("it can't be read")
    return InvalidScene("{a} can't be read: left out; fetch it again.", a=what)


class Damaged(Transient):
    """A file that is there but is not whole: cut off on the way, or for good."""


def _texts(error: BaseException) -> str:
    """The messages of an error and of its causes."""
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None and len(parts) < 10:
        parts.append(str(link))
        link = link.__cause__ or link.__context__
    return " | ".join(parts)


def _refresh_token(container: str, endpoint: Endpoint) -> None:
    from planetary_computer import sas
    from planetary_computer.settings import Settings  # type: ignore[import-untyped]
    from pydantic import ValidationError

    settings = Settings.get()
    address = f"{settings.sas_url}/{container}"
    known = sas.TOKEN_CACHE.get(address)
    if known and known.ttl() >= 120:
        return
    key = settings.subscription_key
    request = requests.Request(
        "GET", address, headers={"Ocp-Apim-Subscription-Key": key} if key else {}
    )
    text = http.fetch_json(request, **endpoint.patience)
    try:
        sas.TOKEN_CACHE[address] = sas.SASToken.model_validate_json(text)
    except ValidationError:
        raise SourceUnavailable(
            "{a} gave no token to sign with: check PC_SDK_SAS_URL.", a=urlparse(address).netloc
        ) from None


class HideQueries(logging.Filter):
    """Takes what follows a question mark out of log records: tokens stand there."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(r"\?[^\s'\"]+", "?...", record.getMessage()), ()
        return True


def quiet_logs() -> None:
    """Keep tokens out of the logs of those who log addresses."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(f, HideQueries) for f in logger.filters):
            logger.addFilter(HideQueries())
