"""AWS Lambda and S3: each function of `framefleet.aws.aio`, run to its end."""

from __future__ import annotations

from framefleet.account.buckets import OwnBucket
from framefleet.account.deployment import DeployedFunction
from framefleet.account.functions import FunctionInfo
from framefleet.account.lambda_progress import LambdaProgress
from framefleet.account.lambda_renders import StartedRender
from framefleet.account.lambda_stills import LambdaStill, StartedStill
from framefleet.account.permissions import SimulatedPermission, SimulatedPermissions
from framefleet.account.quotas import QuotaRequest, Quotas
from framefleet.account.renders import DeletedRender
from framefleet.account.sites import DeletedItem, DeletedSite, DeployedSite, SiteList
from framefleet.aws import aio
from framefleet.aws.functions import (
    AwsClient,
    estimate_price,
    get_aws_client,
    get_role_policy,
    get_user_policy,
    speculate_function_name,
)
from framefleet.aws.webhooks import (
    asgi_webhook,
    validate_standard_webhook,
    validate_webhook_signature,
    wsgi_webhook,
)
from framefleet.blocking import blocking
from framefleet.delivery.renders import DownloadedMedia, DownloadProgress
from framefleet.domain.regions import AWS_REGIONS, AWS_REGIONS_BY_DEFAULT
from framefleet.domain.rules import read_flag
from framefleet.sites.deploying import UploadProgress

__all__ = [
    "AwsClient",
    "DeletedItem",
    "DeletedRender",
    "DeletedSite",
    "DeployedFunction",
    "DeployedSite",
    "DownloadProgress",
    "DownloadedMedia",
    "FunctionInfo",
    "LambdaProgress",
    "LambdaStill",
    "OwnBucket",
    "QuotaRequest",
    "Quotas",
    "SimulatedPermission",
    "SimulatedPermissions",
    "SiteList",
    "StartedRender",
    "StartedStill",
    "UploadProgress",
    "aio",
    "asgi_webhook",
    "cancel_render_on_lambda",
    "delete_function",
    "delete_render",
    "delete_site",
    "deploy_function",
    "deploy_site",
    "deploy_site_from_bundle",
    "download_media",
    "estimate_price",
    "get_aws_client",
    "get_compositions_on_lambda",
    "get_function_info",
    "get_function_version",
    "get_functions",
    "get_or_create_bucket",
    "get_quotas",
    "get_regions",
    "get_render_progress",
    "get_role_policy",
    "get_sites",
    "get_user_policy",
    "increase_concurrency",
    "presign_url",
    "render_frames_on_lambda",
    "render_frames_on_lambda_and_stream",
    "render_media_on_lambda",
    "render_media_on_lambda_and_stream",
    "render_still_on_lambda",
    "render_video_on_lambda",
    "simulate_permissions",
    "speculate_function_name",
    "validate_standard_webhook",
    "validate_webhook_signature",
    "wsgi_webhook",
]

cancel_render_on_lambda = blocking(aio.cancel_render_on_lambda)
delete_function = blocking(aio.delete_function)
delete_render = blocking(aio.delete_render)
delete_site = blocking(aio.delete_site)
deploy_function = blocking(aio.deploy_function)
deploy_site = blocking(aio.deploy_site)
deploy_site_from_bundle = blocking(aio.deploy_site_from_bundle)
download_media = blocking(aio.download_media)
get_compositions_on_lambda = blocking(aio.get_compositions_on_lambda)
get_function_info = blocking(aio.get_function_info)
get_function_version = blocking(aio.get_function_version)
get_functions = blocking(aio.get_functions)
get_or_create_bucket = blocking(aio.get_or_create_bucket)
get_quotas = blocking(aio.get_quotas)
get_render_progress = blocking(aio.get_render_progress)
get_sites = blocking(aio.get_sites)
increase_concurrency = blocking(aio.increase_concurrency)
presign_url = blocking(aio.presign_url)
render_frames_on_lambda = blocking(aio.render_frames_on_lambda)
render_frames_on_lambda_and_stream = blocking(aio.render_frames_on_lambda_and_stream)
render_media_on_lambda = blocking(aio.render_media_on_lambda)
render_media_on_lambda_and_stream = blocking(aio.render_media_on_lambda_and_stream)
render_still_on_lambda = blocking(aio.render_still_on_lambda)
render_video_on_lambda = render_media_on_lambda
simulate_permissions = blocking(aio.simulate_permissions)


def get_regions(*, enabled_by_default_only: bool = False) -> list[str]:
    """The regions of AWS that `region` may name.

    Args:
        enabled_by_default_only: those only that every account has.
    """
    is_limited = read_flag(enabled_by_default_only, "enabledByDefaultOnly")
    return list(AWS_REGIONS_BY_DEFAULT if is_limited else AWS_REGIONS)
