"""How functions of AWS Lambda are reached: with the credentials that S3 has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread

from framefleet.errors import CredentialsError, StorageError
from framefleet.settings import Settings
from framefleet.wiring.libraries import library

if TYPE_CHECKING:
    from framefleet.executors.aws_lambda.functions import LambdaEndpoint, LambdaFunctions


@asynccontextmanager
async def open_functions(region: str, settings: Settings) -> AsyncIterator[LambdaFunctions]:
    """The functions of a region; AWS_ENDPOINT_URL_LAMBDA names another place than AWS.

    Raises:
        CredentialsError: there are none.
        StorageError: boto3 is not installed, or the endpoint is no address.
    """
    with library("boto3", "aws"):
        from framefleet.executors.aws_lambda.functions import LambdaFunctions
    endpoint = await anyio.to_thread.run_sync(_endpoint, region, settings)
    async with LambdaFunctions(endpoint) as functions:
        yield functions


def _endpoint(region: str, settings: Settings) -> LambdaEndpoint:
    from botocore.exceptions import BotoCoreError, PartialCredentialsError

    from framefleet.executors.aws_lambda.functions import LambdaEndpoint
    from framefleet.storages.s3.client import new_session

    options = settings.s3
    try:
        session = new_session(options)
        url = session.client("lambda", region_name=region).meta.endpoint_url
        credentials = session.get_credentials()
    except ValueError as exc:
        raise StorageError(f"The endpoint of Lambda cannot be used: {exc}.") from exc
    except PartialCredentialsError as exc:
        raise _unset("AWS_SECRET_ACCESS_KEY") from exc
    except BotoCoreError as exc:
        raise CredentialsError(f"The credentials for AWS cannot be used: {exc}") from exc
    if credentials is None:
        raise _unset("AWS_ACCESS_KEY_ID")
    return LambdaEndpoint(url=url, region=region, credentials=credentials)


def _unset(variable: str) -> CredentialsError:
    return CredentialsError(
        "You have tried to call a Remotion Lambda function, but have not set the environment "
        f"variable {variable} or REMOTION_{variable}.",
        hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role "
        "is attached.",
    )
