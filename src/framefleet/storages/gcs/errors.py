"""Google's exceptions, and those of the libraries below it, translated at the border to ours."""

from __future__ import annotations

import http
import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage.exceptions import (  # type: ignore[import-untyped]  # it ships no types
    DataCorruption,
    InvalidResponse,
)

from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    ObjectConflictError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)

HOW_TO_SIGN_IN = (
    "Set REMOTION_GCP_PROJECT_ID, REMOTION_GCP_CLIENT_EMAIL and REMOTION_GCP_PRIVATE_KEY, or run "
    "`gcloud auth application-default login`, or run where a service account is attached."
)
_REMEDIES: dict[type[StorageError], str] = {
    BucketNotFoundError: "Check its name and the project of the credentials.",
    AccessDeniedError: "Give this account a role for it, such as Storage Object Admin.",
    CredentialsError: "Check REMOTION_GCP_CLIENT_EMAIL and REMOTION_GCP_PRIVATE_KEY, whether the "
    "key was deleted, and this machine's clock.",
    StorageUnavailableError: "It was tried several times; check the network, or try again later.",
}
_NO_ACLS = "Set privacy (--privacy) to no-acl, or switch the bucket to fine-grained access control."
_NO_PUBLIC = "Set privacy (--privacy) to private or no-acl, or let the bucket have public objects."

VENDOR: tuple[type[Exception], ...] = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    InvalidResponse,
    DataCorruption,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    # What the library raises itself for a download that ended early, and sockets.
    ConnectionError,
    TimeoutError,
)

# By the nearest of an exception's classes; a test finds those of api_core that are missing.
_KINDS: dict[type[BaseException], type[StorageError]] = {
    api.Redirection: StorageError,
    api.BadRequest: StorageError,
    api.MethodNotAllowed: StorageError,
    api.LengthRequired: StorageError,
    api.RequestRangeNotSatisfiable: StorageError,
    api.Cancelled: StorageError,
    api.MethodNotImplemented: StorageError,
    api.DuplicateCredentialArgs: CredentialsError,
    api.Unauthorized: CredentialsError,
    api.Forbidden: AccessDeniedError,
    api.NotFound: ObjectNotFoundError,
    api.Conflict: ObjectConflictError,
    api.PreconditionFailed: ObjectConflictError,
    api.TooManyRequests: StorageUnavailableError,
    api.ServerError: StorageUnavailableError,
    api.ClientError: StorageError,
    api.RetryError: StorageUnavailableError,
    auth.TransportError: StorageUnavailableError,
    auth.TimeoutError: StorageUnavailableError,
    auth.GoogleAuthError: CredentialsError,
    DataCorruption: StorageError,
    requests.ConnectionError: StorageUnavailableError,
    requests.Timeout: StorageUnavailableError,
    requests.exceptions.ChunkedEncodingError: StorageUnavailableError,
    urllib3.exceptions.PoolError: StorageUnavailableError,
    urllib3.exceptions.ProtocolError: StorageUnavailableError,
    urllib3.exceptions.SSLError: StorageUnavailableError,
    urllib3.exceptions.TimeoutError: StorageUnavailableError,
    http.client.HTTPException: StorageUnavailableError,
    ConnectionError: StorageUnavailableError,
    TimeoutError: StorageUnavailableError,
}


@contextmanager
def translated(what: str, *, is_bucket_gone: Callable[[], bool] | None = None) -> Iterator[None]:
    """Turn Google's exceptions into ours; `what` is done in this block: `put gs://b/key`.

    Args:
        is_bucket_gone: asked when an answer leaves open whether the bucket or the object is
            missing; None where it can be the bucket only.

    Raises:
        StorageError: one of its classes.
    """
    try:
        yield
    except VENDOR as exc:
        error = translate(exc, what)
        if isinstance(error, ObjectNotFoundError) and _is_bucket(exc, is_bucket_gone):
            error = _described(BucketNotFoundError, what, "there is no such bucket")
        raise error from exc


def kind_of(exc: BaseException) -> type[StorageError]:
    """The class of ours for an exception; StorageError where none fits."""
    if isinstance(exc, InvalidResponse):
        answered = api.from_http_status(exc.response.status_code, "")  # type: ignore[no-untyped-call]  # api_core is typed in parts
        return kind_of(answered)
    if isinstance(exc, api.GoogleAPICallError) and _is_passing(exc):
        return StorageUnavailableError
    if isinstance(exc, auth.RefreshError) and exc.retryable:
        return StorageUnavailableError
    return next((_KINDS[base] for base in type(exc).__mro__ if base in _KINDS), StorageError)


def _is_passing(exc: api.GoogleAPICallError) -> bool:
    """Whether it is an answer that api_core has no class for, and that the next try may not get."""
    is_nameless = type(exc) in (api.GoogleAPICallError, api.ClientError)
    return exc.code == http.HTTPStatus.REQUEST_TIMEOUT or (
        is_nameless and exc.code is not None and exc.code >= 500
    )


def translate(exc: Exception, what: str) -> StorageError:
    """The error of ours for one of Google's."""
    kind, said = kind_of(exc), _said(exc)
    lowered = said.lower()
    if "uniform bucket-level access" in lowered:
        return AccessDeniedError(f"Cannot {what}: the bucket does not allow ACLs.", hint=_NO_ACLS)
    if "public access prevention" in lowered:
        return AccessDeniedError(
            f"Cannot {what}: the bucket does not allow public objects.", hint=_NO_PUBLIC
        )
    if kind is ObjectConflictError and "constraint" in lowered:
        # An organisation's policies answer with the status of a condition that did not hold.
        kind = AccessDeniedError
    if isinstance(exc, auth.DefaultCredentialsError):
        return CredentialsError(f"Cannot {what}: there are no credentials.", hint=HOW_TO_SIGN_IN)
    return _described(kind, what, said)


def _described(kind: type[StorageError], what: str, said: str) -> StorageError:
    message = f"Cannot {what}: {said.strip().rstrip('.')}."
    remedy = _REMEDIES.get(kind)
    return kind(message, hint=remedy) if remedy else kind(message)


def _is_bucket(exc: Exception, is_bucket_gone: Callable[[], bool] | None) -> bool:
    said = _said(exc).lower()
    if is_bucket_gone is None or "bucket does not exist" in said:
        return True
    return "no such object" not in said and is_bucket_gone()


def _said(exc: Exception) -> str:
    """Why it failed, in few words.

    Never the whole text of an exception: it quotes the address, and that of a resumable upload
    lets whoever has it write the object.
    """
    response = getattr(exc, "response", None)
    if response is not None:
        return _answer(response)
    if isinstance(exc, api.GoogleAPICallError):
        return str(exc.code or type(exc).__name__)
    if isinstance(exc, auth.RefreshError):
        return f"Google does not accept the credentials ({str(exc.args[0])[:200]})"
    if isinstance(exc, DataCorruption):
        return "the bytes were damaged on the way"
    if isinstance(exc, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "it did not answer in time"
    if kind_of(exc) is StorageUnavailableError:
        return _why_disconnected(exc)
    return type(exc).__name__


def _answer(response: Any) -> str:
    status = int(response.status_code)
    try:
        error = response.json()["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, requests.RequestException):
        said = None
    if said:
        return f"{said} ({status})"
    try:
        return f"{http.HTTPStatus(status).phrase} ({status})"
    except ValueError:
        return f"HTTP status {status}"


def _why_disconnected(exc: BaseException) -> str:
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return f"the connection failed ({cause.strerror})"
        cause = cause.__cause__ or cause.__context__
    return "the connection failed"
