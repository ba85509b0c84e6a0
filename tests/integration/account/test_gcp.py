"""`framefleet.gcp`: buckets, sites and kept renders on Cloud Storage, as its emulator has it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import framefleet
from framefleet import gcp
from framefleet.account.sites import DeletedItem
from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    OptionError,
    OptionTypeError,
    StorageError,
)
from tests.services.faults import Answer

HELLO = Path(__file__).parents[3] / "examples/hello"


def names(google, bucket):
    return [blob.name for blob in google.list_blobs(bucket)]


class TestBuckets:
    def test_a_project_has_one_bucket_which_is_made_once(self, google):
        made = gcp.get_or_create_bucket(region="us-east1", enable_folder_expiry=True)
        assert made.bucket_name.startswith("remotioncloudrun-")
        assert not made.already_existed
        # The emulator puts all buckets into the US, whatever it is asked.
        assert [bucket.name for bucket in google.list_buckets()] == [made.bucket_name]
        assert len(list(google.get_bucket(made.bucket_name).lifecycle_rules)) == 4

    def test_several_in_a_region_are_told_apart_by_nobody(self, google, monkeypatch):
        buckets = [gcp.get_or_create_bucket(region="us-east1").bucket_name for _ in range(2)]
        monkeypatch.setattr("framefleet.domain.rules.buckets.GCP_REGIONS", ("us",))
        with pytest.raises(StorageError, match=f"multiple buckets .{','.join(sorted(buckets))}."):
            gcp.get_or_create_bucket(region="us")

    def test_regions_are_those_of_the_reference(self):
        assert len(gcp.get_regions()) == 35
        with pytest.raises(OptionError, match='"region" parameter must be one of asia-east1'):
            gcp.get_or_create_bucket(region="us-east-1")


class TestSites:
    def test_a_site_is_deployed_changed_listed_and_deleted(self, google, gcs_bucket, page, fetch):
        site = gcp.deploy_site(entry_point=page, bucket_name=gcs_bucket, site_name="x")
        assert site.serve_url.endswith(f"/{gcs_bucket}/sites/x/index.html")
        assert site.stats.to_dict() == {
            "uploadedFiles": 3, "deletedFiles": 0, "untouchedFiles": 0,
        }  # fmt: skip
        (page / "index.html").write_text("<h1>two</h1>")
        (page / "old.css").unlink()
        again = gcp.deploy_site(entry_point=page, bucket_name=gcs_bucket, site_name="x")
        assert again.stats.to_dict() == {
            "uploadedFiles": 1, "deletedFiles": 1, "untouchedFiles": 1,
        }  # fmt: skip
        assert fetch(site.serve_url) == (200, b"<h1>two</h1>")

        found = gcp.get_sites("all regions").to_dict()
        (listed,) = found["sites"]
        facts = {
            "id": "x", "bucketName": gcs_bucket, "bucketRegion": "us", "serveUrl": site.serve_url,
        }  # fmt: skip
        assert facts.items() <= listed.items()
        assert [bucket["name"] for bucket in found["buckets"]] == [gcs_bucket]
        assert gcp.get_sites("europe-west1").to_dict() == {"sites": [], "buckets": []}
        assert len(gcp.get_sites(force_bucket_name=gcs_bucket).sites) == 1

        gone: list[DeletedItem] = []
        deleted = gcp.delete_site(
            bucket_name=gcs_bucket, site_name="x", on_after_item_deleted=gone.append
        )
        assert deleted.total_size_in_bytes == 29
        assert [item.item_name for item in gone] == ["sites/x/index.html", "sites/x/style.css"]
        assert names(google, gcs_bucket) == []

    def test_what_is_deployed_can_be_rendered_from_where_it_lies(self, gcs_bucket, remotion_site):
        site = gcp.deploy_site_from_bundle(bundle_dir=remotion_site, bucket_name=gcs_bucket)
        assert "Artifacts" in [found.id for found in framefleet.get_compositions(site.serve_url)]

    def test_a_missing_bucket_is_told_in_the_words_of_the_reference(self, google, page):
        missing = "remotioncloudrun-0000000000"
        with pytest.raises(BucketNotFoundError, match=f"^No bucket with the name {missing} exists"):
            gcp.deploy_site(entry_point=page, bucket_name=missing)

    @pytest.mark.parametrize(
        ("options", "kind", "message"),
        [
            ({"bucket_name": "mine"}, OptionError, "must start with remotioncloudrun-."),
            ({"site_name": "a/b"}, OptionError, "The `siteName` must match the RegExp"),
            ({"privacy": "private"}, OptionTypeError, 'either "public" or "no-acl"'),
            ({"region": "us-east1"}, OptionTypeError, 'There is no option "region".'),
            ({"bucket_name": ""}, OptionError, "The bucket  cannot exist"),
            ({"git_source": {}}, OptionTypeError, "disable_git_source leaves it out"),
        ],
    )
    def test_what_cannot_be_deployed_is_told_without_a_request(self, page, options, kind, message):
        given = {"entry_point": page, "bucket_name": "remotioncloudrun-0000000000"}
        with pytest.raises(kind, match=message) as caught:
            gcp.deploy_site(**{**given, **options})
        assert type(caught.value) is kind

    def test_a_name_left_empty_is_no_bucket(self, google):
        for call in (
            lambda: gcp.delete_site(bucket_name="", site_name="x"),
            lambda: gcp.delete_render(bucket_name="", render_id="abc"),
            lambda: gcp.get_sites("all regions", force_bucket_name=""),
        ):
            with pytest.raises(OptionError, match="The bucket  cannot exist"):
                call()
        with pytest.raises(OptionError, match=r"region \(--region\) is of no use"):
            gcp.get_sites("all regions", force_bucket_name="abc")


class TestRenders:
    def test_one_is_downloaded_and_deleted(self, google, gcs_bucket, tmp_path):
        kept = framefleet.render_frames(
            HELLO, force_bucket_name=f"gs://{gcs_bucket}", image_format="jpeg", frame_range=(3, 5),
            scale=0.25,
        )  # fmt: skip
        given = {"bucket_name": gcs_bucket, "render_id": str(kept.render_id)}
        got = gcp.download_media(out_path=tmp_path / "frames", **given)
        found = sorted(path.name for path in got.output_path.iterdir())
        assert found == ["element-3.jpeg", "element-4.jpeg", "element-5.jpeg", "manifest.json"]
        assert gcp.delete_render(**given).freed_bytes > got.size_in_bytes
        assert names(google, gcs_bucket) == []

    def test_credentials_without_a_key_cannot_sign(self, gcs_bucket):
        with pytest.raises(StorageError, match="sign"):
            gcp.presign_url(bucket_name=gcs_bucket, object_key="a", expires_in_seconds=60)

    def test_a_service_account_signs(self, gcs_bucket, monkeypatch):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        monkeypatch.setenv("REMOTION_GCP_CLIENT_EMAIL", "robot@p.iam.gserviceaccount.com")
        monkeypatch.setenv("REMOTION_GCP_PRIVATE_KEY", key.decode())
        url = gcp.presign_url(bucket_name=gcs_bucket, object_key="a b", expires_in_seconds=60)
        assert url is not None
        query = parse_qs(urlsplit(url).query)
        assert query["X-Goog-Expires"] == ["60"]
        assert query["X-Goog-Credential"][0].startswith("robot@p.iam.gserviceaccount.com/")
        assert key.decode().splitlines()[1] not in url

    def test_what_is_checked_and_missing_has_no_address(self, gcs_bucket, gcs_proxy):
        given = {"bucket_name": gcs_bucket, "object_key": "a", "expires_in_seconds": 60}
        assert gcp.presign_url(check_if_object_exists=True, **given) is None
        gcs_proxy.inject(
            Answer(403, b'{"error": {"code": 403, "message": "no"}}', {}), method="GET"
        )
        with pytest.raises(AccessDeniedError, match='Unable to access item "a" from bucket'):
            gcp.presign_url(check_if_object_exists=True, **given)
