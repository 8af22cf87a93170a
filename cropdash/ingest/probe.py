"""Does a service answer? One request, within a few seconds."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from cropdash.domain.errors import SourceUnavailable

_LIMIT = 8_000_000  # [bytes] a landing page has far fewer; Earth Engine's discovery some 500,000


def fetch_json(url: str, timeout_s: float = 5.0) -> Any:
    """The JSON document at an address. Raises SourceUnavailable, also if it takes too long."""
    where = urlparse(url)
    if where.scheme not in ("http", "https"):
        raise SourceUnavailable(f"{where.scheme or 'It'} is not http: use an address of a service.")
    end = time.monotonic() + timeout_s
    try:
        with urlopen(Request(url, headers={"Accept": "*/*"}), timeout=timeout_s) as answer:  # noqa: S310
            body = b""
            while part := answer.read1(65_536):
                body += part
                if time.monotonic() > end or len(body) > _LIMIT:
                    raise TimeoutError
            return json.loads(body)
    except HTTPError as error:
        raise SourceUnavailable(f"{where.hostname} answers with status {error.code}.") from error
    except TimeoutError as error:
        raise SourceUnavailable(
            f"{where.hostname} did not answer within {timeout_s:.0f} s."
        ) from error
    except (URLError, OSError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise SourceUnavailable(
                f"{where.hostname} did not answer within {timeout_s:.0f} s."
            ) from error
        raise SourceUnavailable(f"{where.hostname} can't be reached.") from error
    except ValueError as error:
        raise SourceUnavailable(
            f"{where.hostname} answers with something else than JSON."
        ) from error
