"""Every exception of Google's has one of ours."""

from __future__ import annotations

import json

import pytest
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
from framefleet.storages.gcs.errors import _KINDS, VENDOR, kind_of, translate, translated


def _classes(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(found for sub in base.__subclasses__() for found in _classes(sub))]


# Roots, and what only the library for media in other services raises.
_UNUSED = {"GoogleAPIError", "GoogleAPICallError"} | {
    kind.__name__ for kind in _classes(api.ResumableTransferError)
}


@pytest.mark.parametrize("kind", _classes(api.GoogleAPIError) + _classes(auth.GoogleAuthError))
def test_each_of_googles_classes_is_mapped(kind):
    assert issubclass(kind, VENDOR)
    if kind.__module__.startswith("google.") and kind.__name__ not in _UNUSED:
        assert any(base in _KINDS for base in kind.__mro__)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, StorageError),
        (401, CredentialsError),
        (403, AccessDeniedError),
        (404, ObjectNotFoundError),
        (408, StorageUnavailableError),
        (409, ObjectConflictError),
        (410, StorageError),
        (412, ObjectConflictError),
        (416, StorageError),
        (429, StorageUnavailableError),
        (499, StorageError),
        (500, StorageUnavailableError),
        (501, StorageError),
        (502, StorageUnavailableError),
        (503, StorageUnavailableError),
        (504, StorageUnavailableError),
        (599, StorageUnavailableError),
    ],
)
def test_the_status_decides(status, kind):
    answered = _answer(status, "why")
    for exc in (api.from_http_status(status, "m", response=answered), InvalidResponse(answered)):
        assert kind_of(exc) is kind
        error = translate(exc, "put gs://b/k")
        assert type(error) is kind
        assert error.message == f"Cannot put gs://b/k: why ({status})."


@pytest.mark.parametrize(
    ("exc", "kind", "said"),
    [
        (requests.ConnectionError("url?upload_id=s3cret"), StorageUnavailableError, "connection"),
        (requests.ReadTimeout("url?upload_id=s3cret"), StorageUnavailableError, "in time"),
        (requests.exceptions.ChunkedEncodingError("s3cret"), StorageUnavailableError, "connection"),
        (urllib3.exceptions.ProtocolError("s3cret"), StorageUnavailableError, "connection"),
        (ConnectionResetError(104, "Reset by peer"), StorageUnavailableError, "Reset by peer"),
        (requests.exceptions.InvalidURL("s3cret"), StorageError, "InvalidURL"),
        (auth.TransportError("s3cret"), StorageUnavailableError, "connection"),
        (auth.RefreshError("invalid_grant", {}), CredentialsError, "invalid_grant.*clock"),
        (auth.RefreshError("busy", {}, retryable=True), StorageUnavailableError, "busy"),
        (auth.DefaultCredentialsError("s3cret"), CredentialsError, "REMOTION_GCP_PRIVATE_KEY"),
        (DataCorruption(None, "s3cret"), StorageError, "damaged"),
        (api.RetryError("s3cret", None), StorageUnavailableError, "connection"),
    ],
)
def test_other_failures_are_told_without_what_they_quote(exc, kind, said):
    with pytest.raises(kind, match=said) as caught, translated("put gs://b/k"):
        raise exc
    assert type(caught.value) is kind
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "is_gone", "kind"),
    [
        ("The specified bucket does not exist.", False, BucketNotFoundError),
        ("No such object: b/k", True, ObjectNotFoundError),
        ("", True, BucketNotFoundError),
        ("", False, ObjectNotFoundError),
        ("", None, BucketNotFoundError),
    ],
)
def test_buckets_are_told_from_objects(said, is_gone, kind):
    asked = None if is_gone is None else lambda: is_gone
    with pytest.raises(kind), translated("get gs://b/k", is_bucket_gone=asked):
        raise api.NotFound("m", response=_answer(404, said))


def test_a_policy_is_no_conflict():
    said = "Request violates constraint 'constraints/storage.uniformBucketLevelAccess'"
    error = translate(api.PreconditionFailed("m", response=_answer(412, said)), "make a bucket")
    assert type(error) is AccessDeniedError


@pytest.mark.parametrize("body", [b"", b"<Error/>", b"[]", b'{"error": "why"}', b'{"error": {}}'])
def test_an_answer_of_any_form_is_told(body):
    answered = _answer(403, "")
    answered._content = body
    error = translate(api.Forbidden("m", response=answered), "put gs://b/k")
    assert error.message in (
        "Cannot put gs://b/k: Forbidden (403).",
        "Cannot put gs://b/k: why (403).",
    )


def _answer(status: int, said: str) -> requests.Response:
    answered = requests.Response()
    answered.status_code = status
    answered._content = json.dumps({"error": {"code": status, "message": said}}).encode()
    answered.request = requests.Request("PUT", "https://x/?upload_id=s3cret").prepare()
    return answered
