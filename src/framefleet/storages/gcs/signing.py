"""Addresses that are signed, by a key or by Google's IAM."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import google.auth.credentials
import google.auth.transport.requests
from google.auth import exceptions as auth
from google.cloud.storage import Blob  # type: ignore[import-untyped]  # it ships no types

from framefleet.errors import AccessDeniedError, StorageError

# What Google allows.
LONGEST_S = 7 * 24 * 3600
# What the libraries say when IAM answers, and says no.
_REFUSALS = ("IAM signBytes", "calling sign_bytes")
# Tokens of the storage client are for storage only.
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def signed_url(blob: Blob, expires_s: int) -> str:
    """An address of the blob that is valid for `expires_s` seconds.

    Raises:
        StorageError: the credentials cannot sign.
        GoogleAuthError: they cannot be had.
    """
    credentials = blob.client._credentials
    if isinstance(credentials, google.auth.credentials.Signing):
        email = credentials.signer_email
        signer: dict[str, Any] = {"credentials": credentials}
    else:
        email, token = _account(credentials)
        signer = {"service_account_email": email, "access_token": token}
    try:
        return _signed(blob, expires_s, **signer)
    except auth.TransportError as exc:
        if not any(words in str(exc) for words in _REFUSALS):
            raise
        raise AccessDeniedError(
            f"Google does not sign addresses for {email}.",
            hint="Give the account the role Service Account Token Creator on itself, and enable "
            "the IAM Service Account Credentials API.",
        ) from exc


def _signed(blob: Any, expires_s: int, **credentials: Any) -> str:
    return str(
        blob.generate_signed_url(
            version="v4",
            method="GET",
            expiration=timedelta(seconds=expires_s),
            api_access_endpoint=blob.client.api_endpoint,
            **credentials,
        )
    )


def _account(credentials: Any) -> tuple[str, str]:
    """The service account's e-mail address and a token for IAM."""
    if not hasattr(credentials, "service_account_email"):
        raise StorageError(
            "These credentials of Google cannot sign addresses.",
            hint="Use those of a service account: REMOTION_GCP_CLIENT_EMAIL and "
            "REMOTION_GCP_PRIVATE_KEY.",
        )
    if isinstance(credentials, google.auth.credentials.Scoped):
        credentials = credentials.with_scopes(_SCOPES)  # type: ignore[no-untyped-call]  # in parts
    # Only then does it know the address, which is `default` before.
    credentials.refresh(google.auth.transport.requests.Request())
    return credentials.service_account_email, credentials.token
