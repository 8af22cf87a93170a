"""Who asks: a service account's key named by the environment, or the user's own login.

Neither the key, nor its path, nor a token is ever part of a message, so faults are raised without
their causes here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cropdash.domain.errors import ConfigError
from cropdash.files import atomic

KEY = "CROPDASH_EE_KEY"  # path of a service account's key file
READ_ONLY = "https://www.googleapis.com/auth/earthengine.readonly"


def find() -> Any:
    """google.auth credentials; no request is made yet.

    Raises ConfigError if there are none or the key file is not one.
    """
    path = os.environ.get(KEY, "")
    return of_service_account(Path(path)) if path else _of_login()


def of_service_account(path: Path) -> Any:
    """Credentials that may read and nothing else."""
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2 import service_account

    try:
        held = json.loads(atomic.read_bytes(path))
    except OSError as error:
        raise ConfigError(
            "The file that {a} names can't be read ({b}): correct the path.",
            a=KEY,
            b=error.strerror,
        ) from None
    except ValueError:
        raise ConfigError(
            "The file that {a} names is not JSON: download the key again.", a=KEY
        ) from None
    try:
        return service_account.Credentials.from_service_account_info(held, scopes=[READ_ONLY])
    except (ValueError, TypeError, AttributeError, GoogleAuthError):
        raise ConfigError(
            "The file that {a} names is no service account's key: download the key again.", a=KEY
        ) from None


def _of_login() -> Any:
    """The login of `earthengine authenticate`, else the application default credentials."""
    import google.auth
    from ee import oauth
    from google.auth.exceptions import DefaultCredentialsError
    from google.oauth2.credentials import Credentials

    try:
        held = oauth.get_credentials_arguments()
    except (OSError, ValueError, KeyError, AttributeError):
        held = {}
    if held.get("refresh_token"):
        return Credentials(None, **held)
    try:
        return google.auth.default(scopes=[READ_ONLY])[0]
    except DefaultCredentialsError:
        raise ConfigError(
            "There are no credentials for Earth Engine: set {a} to the path of a service"
            " account's key file, or run 'earthengine authenticate' once.",
            a=KEY,
        ) from None
