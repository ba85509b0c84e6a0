"""Where clouds have their machines, and what buckets there are called."""

from __future__ import annotations

import re
import secrets
import string

# The regions of AWS in which the reference runs, those first that every account has.
AWS_REGIONS_BY_DEFAULT = (
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ca-central-1", "sa-east-1"),
)
AWS_REGIONS = (
    *AWS_REGIONS_BY_DEFAULT,
    *("eu-central-2", "eu-south-1", "af-south-1", "ap-east-1", "ap-southeast-4"),
    *("ap-southeast-5", "cn-north-1", "cn-northwest-1"),
)
GCP_REGIONS = (
    *("asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"),
    *("asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2"),
    *("australia-southeast1", "australia-southeast2", "europe-central2", "europe-north1"),
    *("europe-southwest1", "europe-west1", "europe-west2", "europe-west3", "europe-west4"),
    *("europe-west6", "europe-west8", "europe-west9", "me-west1", "northamerica-northeast1"),
    *("northamerica-northeast2", "southamerica-east1", "southamerica-west1", "us-central1"),
    *("us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3"),
    "us-west4",
)
DEFAULT_AWS_REGION = "us-east-1"
DEFAULT_GCP_REGION = "us-east1"

AWS_BUCKET_PREFIX = "remotionlambda-"
GCP_BUCKET_PREFIX = "remotioncloudrun-"
_LETTERS = string.ascii_lowercase + string.digits
_AWS_BUCKET = re.compile(rf"{AWS_BUCKET_PREFIX}(.*)-[a-z0-9A-Z]+")
_REGION_OF_WORD = {region.replace("-", ""): region for region in AWS_REGIONS}


def random_id() -> str:
    """Ten of `a-z0-9`, as renders, sites and buckets are named by."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def aws_bucket_name(region: str) -> str:
    """A fresh name, in which the region can be read."""
    return f"{AWS_BUCKET_PREFIX}{region.replace('-', '')}-{random_id()}"


def gcp_bucket_name() -> str:
    """A fresh name; Google's do not name their region."""
    return f"{GCP_BUCKET_PREFIX}{random_id()}"


def is_aws_bucket_of(bucket: str, region: str) -> bool:
    """Whether a bucket of ours is named for a region, which need not be one of AWS."""
    found = _AWS_BUCKET.fullmatch(bucket)
    return found is not None and found[1] == region.replace("-", "")


def aws_bucket_region(bucket: str) -> str | None:
    """The region in the name of a bucket of ours; None where it names none."""
    found = _AWS_BUCKET.fullmatch(bucket)
    return _REGION_OF_WORD.get(found[1]) if found else None
