"""Which bucket is meant, and how it is reached."""

from __future__ import annotations

import pytest

from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.rules.buckets import (
    read_address,
    read_bucket,
    read_forced_bucket,
    read_own_bucket_name,
)
from framefleet.errors import OptionError, OptionTypeError

REGIONS = {Cloud.S3: "eu-north-1", Cloud.GCS: None}
OURS = "remotionlambda-euwest1-a1b2c3d4e5"


def address(cloud, name, **options):
    return read_address(cloud, name, **{"region": None, "regions": REGIONS, **options})


@pytest.mark.parametrize(
    ("name", "options", "region"),
    [
        ("bucket", {}, "eu-north-1"),
        (OURS, {}, "eu-west-1"),
        (OURS, {"region": "us-east-2"}, "us-east-2"),
        ("", {"regions": {}}, "us-east-1"),
        # The credentials' own settings know better than we.
        ("bucket", {"regions": {}}, None),
    ],
)
def test_the_region_is_the_one_given_or_the_names_or_the_environments(name, options, region):
    expected = BucketAddress(cloud=Cloud.S3, name=name, region=region)
    assert address(Cloud.S3, name, **options) == expected


def test_google_finds_a_bucket_by_its_name_and_only_its_own_by_region():
    assert address(Cloud.GCS, "bucket") == BucketAddress(cloud=Cloud.GCS, name="bucket")
    assert address(Cloud.GCS, "").region == "us-east1"
    assert address(Cloud.GCS, "", region="asia-east1").region == "asia-east1"
    with pytest.raises(OptionError, match="of no use to a bucket of Google"):
        address(Cloud.GCS, "bucket", region="asia-east1")
    with pytest.raises(OptionError, match="forcePathStyle"):
        address(Cloud.GCS, "", force_path_style=True)
    with pytest.raises(OptionTypeError, match="must be a boolean"):
        address(Cloud.S3, "", force_path_style="yes")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, (Cloud.S3, "")),
        ("bucket", (Cloud.S3, "bucket")),
        ("s3://", (Cloud.S3, "")),
        ("gs://", (Cloud.GCS, "")),
        ("gs://my_bucket/", (Cloud.GCS, "my_bucket")),
    ],
)
def test_a_chosen_bucket_may_name_its_cloud(given, found):
    assert read_forced_bucket(given) == found


def test_without_a_cloud_it_is_of_the_default():
    assert read_bucket("bucket", Cloud.GCS) == (Cloud.GCS, "bucket")
    assert read_bucket("s3://bucket", Cloud.GCS) == (Cloud.S3, "bucket")


def test_sites_lie_in_buckets_of_ours_unless_somebody_insists():
    assert read_own_bucket_name(OURS, Cloud.S3, any_name=False) == OURS
    assert read_own_bucket_name("mine", Cloud.S3, any_name=True) == "mine"
    with pytest.raises(OptionError, match=r"must start with remotionlambda-\."):
        read_own_bucket_name("remotioncloudrun-a1b2c3d4e5", Cloud.S3, any_name=False)
    with pytest.raises(OptionError, match=r"must start with remotioncloudrun-\."):
        read_own_bucket_name(OURS, Cloud.GCS, any_name=False)
