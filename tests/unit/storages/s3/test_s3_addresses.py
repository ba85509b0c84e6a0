"""Addresses of objects on AWS itself, which no test reaches."""

from __future__ import annotations

import pytest

from framefleet.sites.names import serve_path, serve_url
from framefleet.storages.s3.client import open_client
from framefleet.storages.s3.options import S3Options
from framefleet.storages.s3.storage import S3Storage


def storage_in(region, bucket):
    options = S3Options(region=region, access_key_id="test", secret_access_key="testtest")
    return S3Storage(open_client(options), bucket)


@pytest.fixture(autouse=True)
def _aws(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("region", "bucket", "output", "page"),
    [
        (
            "eu-west-1",
            "bucket",
            "https://s3.eu-west-1.amazonaws.com/bucket/a%20b.html",
            "https://bucket.s3.eu-west-1.amazonaws.com/a%20b.html",
        ),
        (
            "cn-north-1",
            "bucket",
            "https://s3.cn-north-1.amazonaws.com.cn/bucket/a%20b.html",
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20b.html",
        ),
        (
            "us-east-1",
            "my.bucket",
            "https://s3.us-east-1.amazonaws.com/my.bucket/a%20b.html",
            "https://s3.us-east-1.amazonaws.com/my.bucket/a%20b.html",
        ),
    ],
)
def test_outputs_are_named_below_the_region_and_pages_below_their_bucket(
    region, bucket, output, page
):
    storage = storage_in(region, bucket)
    assert storage.url("a b.html") == output
    assert storage.page_url("a b.html") == page


def test_a_site_lies_where_bundles_of_older_remotions_look_for_their_files():
    name = "remotionlambda-useast1-a1b2c3d4e5"
    storage = storage_in("us-east-1", name)
    assert (
        serve_url(storage, "x") == f"https://{name}.s3.us-east-1.amazonaws.com/sites/x/index.html"
    )
    assert serve_path(storage, "x") == "/sites/x/"
