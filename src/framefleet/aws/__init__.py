"""AWS Lambda and S3: each function of `framefleet.aws.aio`, run to its end."""

from __future__ import annotations

from framefleet.account.buckets import OwnBucket
from framefleet.account.lambda_progress import LambdaProgress
from framefleet.account.lambda_renders import StartedRender
from framefleet.account.lambda_stills import LambdaStill, StartedStill
from framefleet.account.renders import DeletedRender
from framefleet.account.sites import DeletedItem, DeletedSite, DeployedSite, SiteList
from framefleet.aws import aio
from framefleet.blocking import blocking
from framefleet.delivery.renders import DownloadedMedia, DownloadProgress
from framefleet.domain.regions import AWS_REGIONS, AWS_REGIONS_BY_DEFAULT
from framefleet.domain.rules import read_flag
from framefleet.sites.deploying import UploadProgress

__all__ = [
    "DeletedItem",
    "DeletedRender",
    "DeletedSite",
    "DeployedSite",
    "DownloadProgress",
    "DownloadedMedia",
    "LambdaProgress",
    "LambdaStill",
    "OwnBucket",
    "SiteList",
    "StartedRender",
    "StartedStill",
    "UploadProgress",
    "aio",
    "cancel_render_on_lambda",
    "delete_render",
    "delete_site",
    "deploy_site",
    "deploy_site_from_bundle",
    "download_media",
    "get_compositions_on_lambda",
    "get_or_create_bucket",
    "get_regions",
    "get_render_progress",
    "get_sites",
    "presign_url",
    "render_frames_on_lambda",
    "render_frames_on_lambda_and_stream",
    "render_media_on_lambda",
    "render_media_on_lambda_and_stream",
    "render_still_on_lambda",
]

cancel_render_on_lambda = blocking(aio.cancel_render_on_lambda)
delete_render = blocking(aio.delete_render)
delete_site = blocking(aio.delete_site)
deploy_site = blocking(aio.deploy_site)
deploy_site_from_bundle = blocking(aio.deploy_site_from_bundle)
download_media = blocking(aio.download_media)
get_compositions_on_lambda = blocking(aio.get_compositions_on_lambda)
get_or_create_bucket = blocking(aio.get_or_create_bucket)
get_render_progress = blocking(aio.get_render_progress)
get_sites = blocking(aio.get_sites)
presign_url = blocking(aio.presign_url)
render_frames_on_lambda = blocking(aio.render_frames_on_lambda)
render_frames_on_lambda_and_stream = blocking(aio.render_frames_on_lambda_and_stream)
render_media_on_lambda = blocking(aio.render_media_on_lambda)
render_media_on_lambda_and_stream = blocking(aio.render_media_on_lambda_and_stream)
render_still_on_lambda = blocking(aio.render_still_on_lambda)


def get_regions(*, enabled_by_default_only: bool = False) -> list[str]:
    """The regions of AWS that `region` may name.

    Args:
        enabled_by_default_only: those only that every account has.
    """
    is_limited = read_flag(enabled_by_default_only, "enabledByDefaultOnly")
    return list(AWS_REGIONS_BY_DEFAULT if is_limited else AWS_REGIONS)
