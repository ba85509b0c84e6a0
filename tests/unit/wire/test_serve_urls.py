"""Addresses of sites, as clients name them and as buckets have them."""

from __future__ import annotations

import pytest

from framefleet.errors import OptionError
from framefleet.wire.serve_urls import SiteAddress, convert_to_serve_url, parse_site_url

BUCKET = "remotionlambda-useast1-abcdefghij"


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("my-site", "us-east-1", f"https://{BUCKET}.s3.us-east-1.amazonaws.com/sites/my-site/"),
        (
            "my-site",
            "cn-north-1",
            f"https://{BUCKET}.s3.cn-north-1.amazonaws.com.cn/sites/my-site/",
        ),
    ],
)
def test_the_id_of_a_site_is_one_of_its_bucket(value, region, expected):
    found = convert_to_serve_url(value, bucket=BUCKET, region=region)
    assert found == f"{expected}index.html"
    assert parse_site_url(found) == SiteAddress(
        bucket=BUCKET, region=region, key="sites/my-site/index.html"
    )


@pytest.mark.parametrize("url", ["https://example.com/a?b#c", "http://127.0.0.1:3000"])
def test_a_url_stays_as_it_is(url):
    assert convert_to_serve_url(url, bucket=BUCKET, region="us-east-1") == url


def test_a_local_file_is_refused():
    with pytest.raises(OptionError) as caught:
        convert_to_serve_url("src/index.ts", bucket=BUCKET, region="us-east-1")
    assert str(caught.value) == (
        "Remotion Lambda can only render based on a URL in the cloud. It seems like you passed a "
        "local file: src/index.ts. Read the setup guide for Remotion Lambda "
        "https://remotion.dev/docs/lambda/setup"
    )


@pytest.mark.parametrize(
    ("url", "bucket", "region", "site"),
    [
        ("https://my.own.bucket.s3.eu-west-1.amazonaws.com", "my.own.bucket", "eu-west-1", "a"),
        (f"https://s3.eu-west-1.amazonaws.com/{BUCKET}", BUCKET, "eu-west-1", "a"),
        (f"https://s3.cn-north-1.amazonaws.com.cn/{BUCKET}", BUCKET, "cn-north-1", "a"),
        (f"https://{BUCKET}.S3.us-east-1.AMAZONAWS.com", BUCKET, "us-east-1", "a"),
        ("https://s3.s3.us-east-1.amazonaws.com", "s3", "us-east-1", "a"),
        (f"https://s3.us-east-1.amazonaws.com/{BUCKET}", BUCKET, "us-east-1", "it's (new)"),
    ],
)
def test_addresses_of_buckets_are_recognised(url, bucket, region, site):
    written = site.replace(" ", "%20").replace("(", "%28")
    expected = SiteAddress(bucket=bucket, region=region, key=f"sites/{site}/index.html")
    assert parse_site_url(f"{url}/sites/{written}/index.html") == expected
    assert parse_site_url(f"{url}/sites/{written}/index.html?v=1#top") == expected


@pytest.mark.parametrize(
    "url",
    [
        "my-site",
        "https://example.com/sites/a/index.html",
        f"http://{BUCKET}.s3.us-east-1.amazonaws.com/sites/a/index.html",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/renders/a/out.mp4",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/sites/a/b/index.html",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/sites//index.html",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/other/sites/a/index.html",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com.evil.com/sites/a/index.html",
        f"https://user@{BUCKET}.s3.us-east-1.amazonaws.com/sites/a/index.html",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com:8443/sites/a/index.html",
        "https://s3.us-east-1.amazonaws.com/sites/a/index.html",
        "https://[",
    ],
)
def test_all_others_are_none_of_ours(url):
    assert parse_site_url(url) is None
