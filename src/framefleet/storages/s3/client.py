"""boto3 clients: whose credentials, which endpoint, and how patient."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import create_loader
from botocore.session import get_session

from framefleet.domain.regions import DEFAULT_AWS_REGION
from framefleet.errors import CredentialsError, StorageError
from framefleet.storages.s3.options import S3Options

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Six tries in botocore's standard mode: its pauses double, up to 20 s, and are random.
_ATTEMPTS = 6
_CONNECT_TIMEOUT_S = 10
_READ_TIMEOUT_S = 60
# Parts of a few objects at once, each on a connection of its own.
_CONNECTIONS = 32


# What services look like is megabytes of JSON: read once, clients open in a tenth of the time.
_loader = create_loader()


def new_session(options: S3Options) -> boto3.Session:
    """Whose clients: new credentials each time, as the environment may have changed.

    Raises:
        BotoCoreError: there is no profile of this name.
    """
    core = get_session()
    core.register_component("data_loader", _loader)
    return boto3.Session(
        botocore_session=core,
        profile_name=options.profile,
        aws_access_key_id=options.access_key_id,
        aws_secret_access_key=options.secret_access_key,
        aws_session_token=options.session_token,
    )


def open_client(options: S3Options) -> S3Client:
    """A client, which any threads may use at the same time.

    Raises:
        CredentialsError: there is no profile of this name.
        StorageError: the endpoint is no address.
    """
    try:
        session = new_session(options)
        region = options.region or session.region_name or DEFAULT_AWS_REGION

        def opened(**more: Any) -> S3Client:
            style = "path" if options.force_path_style else "auto"
            config = Config(
                retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                max_pool_connections=_CONNECTIONS,
                signature_version=UNSIGNED if options.is_anonymous else "s3v4",
                user_agent_extra="framefleet",
                **{"s3": {"addressing_style": style}, **more},
            )
            return session.client(
                "s3", region_name=region, endpoint_url=options.endpoint, config=config
            )

        client = opened()
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if not is_aws(host):
            # Few other stores know checksums in trailers, which boto3 has sent since 2025.
            client = opened(
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                **({"s3": {"addressing_style": "path"}} if _has_no_subdomains(host) else {}),
            )
    except ValueError as exc:
        raise StorageError(f"The endpoint of S3 cannot be used: {exc}.") from exc
    except BotoCoreError as exc:
        raise CredentialsError(
            f"The credentials for S3 cannot be used: {exc} Check AWS_PROFILE and "
            "~/.aws/credentials."
        ) from exc
    # Stores from before 2025 take a list of deletions with this header only.
    client.meta.events.register("before-sign.s3.DeleteObjects", _add_md5)
    return client


def is_aws(host: str) -> bool:
    """Whether a host name is Amazon's."""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _has_no_subdomains(host: str) -> bool:
    """`bucket.localhost` is known to browsers only, and addresses have no names below them."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _add_md5(request: Any, **_: Any) -> None:
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
