"""Every exception of botocore's becomes one of ours, and says no secret."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as vendor

from framefleet import errors
from framefleet.errors import StorageError
from framefleet.storages.s3.errors import translate, translated
from framefleet.storages.s3.options import S3Options


def answer(code: str, status: int) -> vendor.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": None},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return vendor.ClientError(response, "PutObject")


def kinds(kind: type[Exception] = vendor.BotoCoreError) -> list[type[Exception]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in kinds(sub))]


def bare(kind: type[Exception]) -> Exception:
    """One of this class, without what its constructor would format into its message."""
    error = kind.__new__(kind)
    Exception.__init__(error, "vendor's words")
    return error


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_class_of_botocore_is_translated(kind):
    with pytest.raises(StorageError, match="put s3://b/k"), translated("put s3://b/k"):
        raise bare(kind)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchBucket", 404, errors.BucketNotFoundError),
        ("NoSuchKey", 404, errors.ObjectNotFoundError),
        ("404", 404, errors.ObjectNotFoundError),
        ("AccessDenied", 403, errors.AccessDeniedError),
        ("AccessControlListNotSupported", 400, errors.AccessDeniedError),
        ("SignatureDoesNotMatch", 403, errors.CredentialsError),
        ("ExpiredToken", 400, errors.CredentialsError),
        ("PreconditionFailed", 412, errors.ObjectConflictError),
        ("SlowDown", 503, errors.StorageUnavailableError),
        ("SomethingNew", 500, errors.StorageUnavailableError),
        ("SomethingNew", 429, errors.StorageUnavailableError),
        ("InvalidArgument", 400, StorageError),
        ("", 503, errors.StorageUnavailableError),
    ],
)
def test_answers_are_translated_by_their_code(code, status, kind):
    error = translate(answer(code, status), "put s3://b/k")
    assert type(error) is kind
    assert str(error).startswith("Cannot put s3://b/k: ")


@pytest.mark.parametrize(
    "kind",
    [vendor.NoCredentialsError, vendor.PartialCredentialsError, vendor.ProfileNotFound],
)
def test_missing_credentials_are_called_so(kind):
    assert isinstance(translate(bare(kind), "use s3://b"), errors.CredentialsError)


@pytest.mark.parametrize(
    "kind",
    [
        vendor.EndpointConnectionError, vendor.ConnectTimeoutError, vendor.ReadTimeoutError,
        vendor.ConnectionClosedError, vendor.SSLError, vendor.IncompleteReadError,
    ],
)  # fmt: skip
def test_a_store_that_does_not_answer_may_answer_later(kind):
    assert isinstance(translate(bare(kind), "use s3://b"), errors.StorageUnavailableError)


def test_options_do_not_show_their_secrets():
    options = S3Options(access_key_id="AKIA", secret_access_key="hidden", session_token="token")
    assert not {"AKIA", "hidden", "token"} & set(repr(options).replace("'", " ").split())
    assert "hidden" not in repr(options)
