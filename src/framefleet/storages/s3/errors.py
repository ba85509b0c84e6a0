"""botocore's exceptions, translated at the border to ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as vendor

from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    ObjectConflictError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)

_BY_CODE: dict[str, type[StorageError]] = {
    **dict.fromkeys(("NoSuchBucket", "InvalidBucketName"), BucketNotFoundError),
    **dict.fromkeys(("NoSuchKey", "NotFound", "404"), ObjectNotFoundError),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "403", "Forbidden"), AccessDeniedError),
    **dict.fromkeys(
        (
            *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
            *("TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed"),
        ),
        CredentialsError,
    ),
    **dict.fromkeys(
        ("PreconditionFailed", "412", "ConditionalRequestConflict"), ObjectConflictError
    ),
    **dict.fromkeys(
        (
            *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling"),
            *("ThrottlingException", "TooManyRequests", "RequestLimitExceeded"),
        ),
        StorageUnavailableError,
    ),
}
_NO_CREDENTIALS = (
    *(vendor.NoCredentialsError, vendor.PartialCredentialsError),
    *(vendor.CredentialRetrievalError, vendor.ProfileNotFound, vendor.SSOError),
    *(vendor.TokenRetrievalError, vendor.NoAuthTokenError, vendor.LoginError),
)
_NO_ANSWER = (
    *(vendor.HTTPClientError, vendor.ConnectionError, vendor.IncompleteReadError),
    *(vendor.ReadTimeoutError, vendor.MetadataRetrievalError),
)
_HOW_TO_SIGN_IN = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or REMOTION_AWS_…), AWS_PROFILE, or run "
    "where a role is attached."
)
_REMEDIES: dict[type[StorageError], str] = {
    BucketNotFoundError: "Check its name and the account of the credentials.",
    AccessDeniedError: "Allow these credentials to do so, or use others.",
    CredentialsError: "Check the keys, whether they have expired, and their region.",
    StorageUnavailableError: "It was tried several times; try again later.",
}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours; `what` is done in this block: `put s3://b/key`.

    Raises:
        StorageError: one of its classes.
    """
    try:
        yield
    except (vendor.BotoCoreError, vendor.ClientError) as exc:
        raise translate(exc, what) from exc


def translate(exc: Exception, what: str) -> StorageError:
    """The error of ours for one of botocore's."""
    if isinstance(exc, vendor.ClientError):
        return _of_answer(exc, what)
    if isinstance(exc, _NO_CREDENTIALS):
        return CredentialsError(f"Cannot {what}: {exc}", hint=_HOW_TO_SIGN_IN)
    if isinstance(exc, _NO_ANSWER):
        return StorageUnavailableError(
            f"Cannot {what}: {exc}", hint="Check the network and the endpoint."
        )
    return StorageError(f"Cannot {what}: {exc}")


def error_code(exc: vendor.ClientError | vendor.BotoCoreError) -> str:
    """The store's own word for what went wrong; the number of the status where it has none."""
    if isinstance(exc, vendor.BotoCoreError):
        return type(exc).__name__
    error = exc.response.get("Error", {})
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return str(error.get("Code") or status)


def _of_answer(exc: vendor.ClientError, what: str) -> StorageError:
    code = error_code(exc)
    message = exc.response.get("Error", {}).get("Message")
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{code}: {message}" if message else code
    if code == "AccessControlListNotSupported":
        return AccessDeniedError(
            f"Cannot {what}: the bucket does not allow ACLs.",
            hint="Set privacy (--privacy) to no-acl, or allow ACLs in the bucket's settings.",
        )
    if code == "InvalidStorageClass":
        return StorageError(f"Cannot {what}: the store has no such storage class ({said}).")
    kind = _BY_CODE.get(code)
    if kind is None:
        kind = StorageUnavailableError if status >= 500 or status == 429 else StorageError
    remedy = _REMEDIES.get(kind)
    return kind(f"Cannot {what}: {said}", **({"hint": remedy} if remedy else {}))
