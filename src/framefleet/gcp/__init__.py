"""Buckets, sites and kept renders on Google Cloud Storage, for callers who wait.

Each function of `framefleet.gcp.aio`, run to its end.
"""

from __future__ import annotations

from framefleet.blocking import blocking
from framefleet.domain.regions import GCP_REGIONS
from framefleet.gcp import aio

__all__ = [
    "aio",
    "delete_render",
    "delete_site",
    "deploy_site",
    "deploy_site_from_bundle",
    "download_media",
    "get_or_create_bucket",
    "get_regions",
    "get_sites",
    "presign_url",
]

delete_render = blocking(aio.delete_render)
delete_site = blocking(aio.delete_site)
deploy_site = blocking(aio.deploy_site)
deploy_site_from_bundle = blocking(aio.deploy_site_from_bundle)
download_media = blocking(aio.download_media)
get_or_create_bucket = blocking(aio.get_or_create_bucket)
get_sites = blocking(aio.get_sites)
presign_url = blocking(aio.presign_url)


def get_regions() -> list[str]:
    """The regions of Google Cloud that `region` may name."""
    return list(GCP_REGIONS)
