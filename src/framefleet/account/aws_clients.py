"""boto3 clients of AWS's other services, and what their errors are of ours.

They have the credentials that S3 has: of a profile, of keys, or of boto3's own chain. boto3 is
imported with the first client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.settings import Settings
from framefleet.wiring.libraries import library

# As many tries as S3 gets, in botocore's standard mode: random pauses that double, up to 20 s.
_ATTEMPTS = 6
_CONNECT_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 60.0
# S3 has other words for these.
_BY_CODE: Mapping[str, type[StorageError]] = {
    **dict.fromkeys(
        ("AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"), AccessDeniedError
    ),
    **dict.fromkeys(
        (
            *("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredTokenException"),
            *("InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"),
        ),
        CredentialsError,
    ),
    **dict.fromkeys(
        ("TooManyRequestsException", "ServiceFailure", "ServiceException"),
        StorageUnavailableError,
    ),
}


def open_aws_client(
    service: str,
    region: str,
    settings: Settings,
    *,
    attempts: int = _ATTEMPTS,
    read_timeout_s: float = _READ_TIMEOUT_S,
    connections: int = 10,
) -> Any:
    """A client, which any threads may use at the same time; whoever opens it closes it.

    AWS_ENDPOINT_URL, or AWS_ENDPOINT_URL_IAM and the like, name another place than AWS.

    Args:
        service: as boto3 calls it: `iam`, `lambda`, `logs`, `service-quotas`, `sts`.
        attempts: how often a request is sent at most; 1 for what must not happen twice.
        read_timeout_s: how long the next bytes of an answer may take.
        connections: how many requests may be under way.

    Returns:
        The client, without a type: stubs exist for few services here.

    Raises:
        CredentialsError: there is no profile of this name.
        StorageError: boto3 is not installed, or the endpoint is no address.
    """
    with library("boto3", "aws"):
        from botocore.config import Config

        from framefleet.storages.s3.client import new_session
    options = settings.s3
    config = Config(
        # Not "max_attempts", which counts those after the first.
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=connections,
        user_agent_extra="framefleet",
    )
    with translated(f"open a client of {service}"):
        # Any: the stubs want the service as a literal.
        session: Any = new_session(options)
        try:
            return session.client(service, region_name=region, config=config)
        except ValueError as exc:
            raise StorageError(f"The endpoint of {service} cannot be used: {exc}.") from exc


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours; `what` is done in this block: `list the functions`.

    Raises:
        StorageError: one of its classes.
    """
    with library("boto3", "aws"):
        from botocore.exceptions import BotoCoreError, ClientError

        from framefleet.storages.s3.errors import error_code, translate
    try:
        yield
    except (BotoCoreError, ClientError) as exc:
        known = translate(exc, what)
        kind = _BY_CODE.get(error_code(exc), type(known))
        raise kind(known.message, **known.context) from exc
