"""Clients of google-cloud-storage: whose credentials, and which endpoint."""

from __future__ import annotations

from typing import Any

import google.auth.exceptions
from google.cloud.storage import Client  # type: ignore[import-untyped]  # it ships no types
from google.oauth2 import service_account

from framefleet.errors import CredentialsError, StorageError
from framefleet.storages.gcs.errors import HOW_TO_SIGN_IN
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.transport import StoppableAdapter

_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a token


def open_client(options: GcsOptions) -> Client:
    """A client, which any threads may use at the same time; close it after use.

    Looking for credentials asks the machine's metadata server, which takes seconds where there is
    none: call it in a thread.

    Raises:
        CredentialsError: there are no credentials, or they are no key.
    """
    try:
        client = _opened(options)
    except google.auth.exceptions.DefaultCredentialsError as exc:
        raise CredentialsError(
            "There are no credentials for Google Cloud Storage.", hint=HOW_TO_SIGN_IN
        ) from exc
    except google.auth.exceptions.GoogleAuthError as exc:
        raise CredentialsError(
            f"The credentials for Google Cloud Storage cannot be used: {type(exc).__name__}.",
            hint=HOW_TO_SIGN_IN,
        ) from exc
    # It asks for buckets in threads of its own, for the labels of traces that nobody collects.
    client._bucket_metadata_cache = None
    session = client._http
    if not session.is_mtls:
        session.mount("https://", StoppableAdapter())
        session.mount("http://", StoppableAdapter())
    return client


def _opened(options: GcsOptions) -> Client:
    arguments: dict[str, Any] = {}
    if options.endpoint is not None:
        if not options.endpoint.startswith(("http://", "https://")):
            raise StorageError(
                f"The endpoint of Google Cloud Storage cannot be used: {options.endpoint!r} does "
                "not begin with http:// or https://."
            )
        arguments["client_options"] = {"api_endpoint": options.endpoint.rstrip("/")}
        arguments["use_auth_w_custom_endpoint"] = False
    if options.client_email or options.private_key:
        # A project of None is none; the credentials of a key name no other.
        credentials = _key_credentials(options.client_email, options.private_key)
        return Client(project=options.project, credentials=credentials, **arguments)
    if options.project is not None:
        return Client(project=options.project, **arguments)
    try:
        return Client(**arguments)
    except google.auth.exceptions.GoogleAuthError:
        raise
    except OSError:
        # What the library raises where nothing names a project. Objects need none.
        return Client(project=None, **arguments)


def _key_credentials(email: str | None, key: str | None) -> service_account.Credentials:
    if not email or not key:
        missing = "its private key" if email else "its e-mail address"
        raise CredentialsError(
            f"The Google service account lacks {missing}.",
            hint="Set both REMOTION_GCP_CLIENT_EMAIL and REMOTION_GCP_PRIVATE_KEY, or neither.",
        )
    # In .env files the lines of a key are often written with the two characters \n between them.
    info = {
        "client_email": email,
        "private_key": key.replace("\\n", "\n"),
        "token_uri": _TOKEN_URI,
    }
    try:
        found = service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call]  # google-auth is typed in parts
    except (ValueError, google.auth.exceptions.GoogleAuthError):
        # Not chained: a parser's message may quote what it read.
        raise CredentialsError(
            f"The private key of {email} cannot be read.",
            hint="REMOTION_GCP_PRIVATE_KEY is the whole `private_key` of the account's JSON file, "
            "from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----.",
        ) from None
    assert isinstance(found, service_account.Credentials)
    return found
