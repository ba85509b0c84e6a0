"""`framefleet.aws`: buckets and sites on a real S3."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import framefleet
from framefleet import CancelSignal, aws
from framefleet.account.sites import DeletedItem
from framefleet.errors import (
    BucketNotFoundError,
    ObjectConflictError,
    OptionError,
    OptionTypeError,
    RenderCancelledError,
    SiteError,
    StorageError,
)
from framefleet.sites.deploying import UploadProgress
from tests.services.faults import Answer


def keys(s3, bucket):
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


class TestBuckets:
    def test_a_region_has_one_bucket_which_is_made_once(self, s3):
        made = aws.get_or_create_bucket(region="eu-west-1")
        assert made.bucket_name.startswith("remotionlambda-euwest1-")
        assert made.to_dict() == {"bucketName": made.bucket_name, "alreadyExisted": False}
        again = aws.get_or_create_bucket(region="eu-west-1")
        assert again.to_dict() == {"bucketName": made.bucket_name, "alreadyExisted": True}
        assert [found["Name"] for found in s3.list_buckets()["Buckets"]] == [made.bucket_name]

    def test_renders_expire_in_it_if_that_is_wanted(self, s3, bucket):
        aws.get_or_create_bucket(region="us-east-1", enable_folder_expiry=True)
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert {rule["ID"] for rule in rules} == {
            f"delete-after-{time}" for time in ("1-day", "3-days", "7-days", "30-days")
        }
        aws.get_or_create_bucket(region="us-east-1")
        assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
        aws.get_or_create_bucket(region="us-east-1", enable_folder_expiry=False)
        with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
            s3.get_bucket_lifecycle_configuration(Bucket=bucket)

    def test_another_store_has_buckets_of_its_own(self, s3, moto):
        made = aws.get_or_create_bucket(
            region="us-east-1",
            custom_credentials={
                "endpoint": moto.endpoint,
                "access_key_id": moto.access_key,
                "secret_access_key": moto.secret_key,
            },
        )
        assert [found["Name"] for found in moto.client.list_buckets()["Buckets"]] == [
            made.bucket_name
        ]
        assert s3.list_buckets()["Buckets"] == []

    @pytest.mark.parametrize("given", ["region", "provider"])
    def test_the_bucket_of_another_store_is_made_in_one_region(self, moto, given):
        credentials = {
            "endpoint": moto.endpoint,
            "access_key_id": moto.access_key,
            "secret_access_key": moto.secret_key,
        }
        options: dict[str, Any] = {}
        if given == "region":
            options["region"] = "eu-west-1"
        else:
            credentials["region"] = "eu-west-1"
        made = aws.get_or_create_bucket(custom_credentials=credentials, **options)
        assert made.bucket_name.startswith("remotionlambda-euwest1-")
        found = moto.client.get_bucket_location(Bucket=made.bucket_name)
        assert found["LocationConstraint"] == "eu-west-1"

    def test_another_store_may_have_regions_that_are_none_of_aws(self, radosgw):
        credentials = {
            "endpoint": radosgw.endpoint,
            "access_key_id": radosgw.access_key,
            "secret_access_key": radosgw.secret_key,
            "region": "fra1",
        }
        made = aws.get_or_create_bucket(custom_credentials=credentials)
        assert made.bucket_name.startswith("remotionlambda-fra1-")
        again = aws.get_or_create_bucket(custom_credentials=credentials)
        assert (again.bucket_name, again.already_existed) == (made.bucket_name, True)

    @pytest.mark.parametrize("endpoint", ["http://[", "s3.example", "ftp://s3.example", 7])
    def test_another_store_has_a_real_address(self, endpoint):
        with pytest.raises(OptionTypeError, match="endpoint of s3OutputProvider must be an addr"):
            aws.get_or_create_bucket(custom_credentials={"endpoint": endpoint})

    def test_regions_are_those_of_the_reference(self):
        assert len(aws.get_regions()) == 25
        assert len(aws.get_regions(enabled_by_default_only=True)) == 17
        assert {"us-east-1", "cn-north-1"} <= set(aws.get_regions())
        with pytest.raises(OptionTypeError, match='"enabledByDefaultOnly" must be a boolean'):
            aws.get_regions(enabled_by_default_only="no")  # type: ignore[arg-type]


class TestSites:
    def test_a_site_is_deployed_changed_listed_and_deleted(self, s3, bucket, page, fetch):
        told: list[UploadProgress] = []
        compared: list[tuple[int, bool]] = []
        site = aws.deploy_site(
            entry_point=page, bucket_name=bucket, site_name="x",
            on_upload_progress=told.append,
            on_diffing_progress=lambda size, done: compared.append((size, done)),
        )  # fmt: skip
        assert site.to_dict() == {
            "serveUrl": f"{s3.meta.endpoint_url}/{bucket}/sites/x/index.html",
            "siteName": "x",
            "stats": {"uploadedFiles": 3, "deletedFiles": 0, "untouchedFiles": 0},
        }
        assert fetch(site.serve_url) == (200, b"<h1>one</h1>")
        assert told[-1].to_dict() == {
            "totalFiles": 3, "filesUploaded": 3, "totalSize": 29, "sizeUploaded": 29,
        }  # fmt: skip
        assert compared[-1] == (0, True)

        (page / "index.html").write_text("<h1>two</h1>")
        (page / "old.css").unlink()
        again = aws.deploy_site(entry_point=page, bucket_name=bucket, site_name="x")
        assert again.stats.to_dict() == {
            "uploadedFiles": 1, "deletedFiles": 1, "untouchedFiles": 1,
        }  # fmt: skip
        assert fetch(site.serve_url) == (200, b"<h1>two</h1>")

        found = aws.get_sites(region="us-east-1").to_dict()
        (listed,) = found["sites"]
        assert listed == {
            "id": "x", "sizeInBytes": 29, "bucketName": bucket, "bucketRegion": "us-east-1",
            "serveUrl": site.serve_url, "version": None, "lastModified": listed["lastModified"],
        }  # fmt: skip
        assert found["buckets"][0]["name"] == bucket
        assert found["buckets"][0]["creationDate"] <= listed["lastModified"]
        assert aws.get_sites(region="eu-west-1").to_dict() == {"sites": [], "buckets": []}

        gone: list[DeletedItem] = []
        deleted = aws.delete_site(
            bucket_name=bucket, site_name="x", on_after_item_deleted=gone.append
        )
        assert deleted.to_dict() == {"totalSizeInBytes": 29}
        assert [item.to_dict() for item in gone] == [
            {"bucketName": bucket, "itemName": f"sites/x/{name}"}
            for name in ("index.html", "style.css")
        ]
        assert keys(s3, bucket) == []
        assert aws.delete_site(bucket_name=bucket, site_name="x").total_size_in_bytes == 0

    def test_what_is_deployed_can_be_rendered_from_where_it_lies(
        self, bucket, remotion_site, tmp_path
    ):
        site = aws.deploy_site_from_bundle(bundle_dir=remotion_site, bucket_name=bucket)
        assert len(site.site_name) == 10
        (listed,) = aws.get_sites(region="us-east-1", compatible_only=True).sites
        assert (listed.id, listed.version) == (site.site_name, "4.0.529")
        still = framefleet.render_still(
            site.serve_url, "Artifacts", frame=1, output=tmp_path / "a.png"
        )
        assert still.size_bytes > 500

    def test_a_version_that_we_cannot_render_can_be_left_out(self, bucket, page):
        (page / "bundle.js").touch()
        path = f"/{bucket}/sites/old/"
        page.joinpath("index.html").write_text(
            f"<script>window.remotion_version = '3.3.9'; window.remotion_publicPath = \"{path}\""
            "</script>"
        )
        aws.deploy_site(entry_point=page, bucket_name=bucket, site_name="old")
        assert [site.version for site in aws.get_sites(region="us-east-1").sites] == ["3.3.9"]
        assert aws.get_sites(region="us-east-1", compatible_only=True).sites == ()

    def test_any_bucket_will_do_if_that_is_wanted(self, s3, page, bucket_name, fetch):
        s3.create_bucket(Bucket=bucket_name)
        site = aws.deploy_site(
            entry_point=page, bucket_name=bucket_name, bypass_bucket_name_validation=True,
            privacy="no-acl",
        )  # fmt: skip
        assert fetch(site.serve_url)[0] == 403
        assert aws.get_sites(region="us-east-1").sites == ()
        found = aws.get_sites(region="us-east-1", force_bucket_name=bucket_name)
        assert [item.id for item in found.sites] == [site.site_name]
        assert found.to_dict()["buckets"] == [
            {"name": bucket_name, "creationDate": None, "region": "us-east-1"}
        ]

    def test_who_may_use_one_bucket_only_can_list_its_sites(
        self, s3, page, bucket, radosgw_proxy, monkeypatch
    ):
        aws.deploy_site(entry_point=page, bucket_name=bucket, site_name="x")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw_proxy.endpoint)
        radosgw_proxy.inject(Answer.s3_error(403, "AccessDenied"), target="location", times=None)
        found = aws.get_sites(force_bucket_name=bucket)
        assert [site.id for site in found.sites] == ["x"]
        assert all(seen.target.startswith(f"/{bucket}") for seen in radosgw_proxy.seen())

    def test_a_bucket_knows_its_own_region(self, moto, monkeypatch, page):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.secret_key)
        moto.client.create_bucket(
            Bucket="far-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        aws.deploy_site(
            entry_point=page, bucket_name="far-bucket", bypass_bucket_name_validation=True
        )
        (site,) = aws.get_sites(force_bucket_name="far-bucket").to_dict()["sites"]
        assert site["bucketRegion"] == "eu-west-1"

    def test_a_site_without_a_name_is_not_deleted(self, bucket):
        with pytest.raises(OptionTypeError, match="'siteName' argument must be a string"):
            aws.delete_site(bucket_name=bucket, site_name=None)  # type: ignore[arg-type]

    def test_a_site_that_must_be_new_is_refused_before_anything_is_bundled(
        self, bucket, page, tmp_path
    ):
        aws.deploy_site(entry_point=page, bucket_name=bucket, site_name="x")
        (tmp_path / "project").mkdir()
        (tmp_path / "project/package.json").write_text("{}")
        with pytest.raises(ObjectConflictError, match="already files in this folder: sites/x/ind"):
            aws.deploy_site(
                entry_point=tmp_path / "project", bucket_name=bucket, site_name="x",
                throw_if_site_exists=True,
            )  # fmt: skip

    def test_a_missing_bucket_is_found_before_anything_is_bundled(self, s3, tmp_path):
        (tmp_path / "package.json").write_text("{}")
        missing = "remotionlambda-useast1-0000000000"
        with pytest.raises(BucketNotFoundError, match=f"^No bucket with the name {missing} exists"):
            aws.deploy_site(entry_point=tmp_path, bucket_name=missing)
        with pytest.raises(BucketNotFoundError):
            aws.get_sites(force_bucket_name=missing)
        with pytest.raises(BucketNotFoundError):
            aws.delete_site(bucket_name=missing, site_name="x")

    def test_a_file_that_belongs_to_no_site_is_named(self, s3, bucket):
        s3.put_object(Bucket=bucket, Key="sites/stray.txt", Body=b"")
        with pytest.raises(StorageError, match=f'in the bucket "{bucket}" with the key sites/str'):
            aws.get_sites(region="us-east-1")

    def test_a_deployment_can_be_cancelled_from_any_thread(self, s3, bucket, page):
        aws.deploy_site(entry_point=page, bucket_name=bucket, site_name="x")
        for name in range(200):
            (page / f"{name}.bin").write_bytes(b"x" * 50_000)
        (page / "index.html").write_text("<h1>two</h1>")
        signal = CancelSignal()

        def cancel(progress: UploadProgress) -> None:
            if progress.files_uploaded == 3:
                threading.Thread(target=signal.cancel).start()

        with pytest.raises(RenderCancelledError, match="The deployment was cancelled"):
            aws.deploy_site(
                entry_point=page, bucket_name=bucket, site_name="x", cancel_signal=signal,
                on_upload_progress=cancel,
            )  # fmt: skip
        body = s3.get_object(Bucket=bucket, Key="sites/x/index.html")["Body"].read()
        assert body == b"<h1>one</h1>"
        assert len(keys(s3, bucket)) < 200


DEPLOYMENTS = [
    ({"bucket_name": 7}, OptionTypeError, "'bucketName' must be a string, but is 7"),
    ({"bucket_name": "a"}, OptionError, "The bucket a cannot exist"),
    ({"bucket_name": "mine"}, OptionError, "bucketName parameter must start with remotionlambda-."),
    ({"region": "moon-1"}, OptionError, '"region" parameter must be one of eu-central-1, '),
    ({"site_name": "a/b"}, OptionError, "The `siteName` must match the RegExp"),
    ({"site_name": ".."}, OptionError, "The `siteName` must not be `.` or `..`"),
    ({"site_name": 7}, OptionTypeError, "'siteName' argument must be a string if provided"),
    ({"privacy": "private"}, OptionTypeError, 'Privacy must be either "public" or "no-acl"'),
    ({"throw_if_site_exists": "yes"}, OptionTypeError, '"throwIfSiteExists" must be a boolean'),
    ({"force_path_style": 1}, OptionTypeError, '"forcePathStyle" must be a boolean'),
    ({"public_dir": "assets"}, OptionError, "public_dir .--public-dir. is of no use"),
    ({"ask_ai_enabled": False}, OptionError, "ask_ai_enabled .--disable-ask-ai. is of no use"),
    ({"bypass_bucket_name_validation": "no"}, OptionTypeError, '"bypassBucketNameValidation" must'),
    ({"region": ""}, OptionError, '"region" parameter must be one of'),
    ({"entry_point": ""}, OptionTypeError, '"entryPoint" must be a path, but got ""'),
    ({"entry_point": None}, OptionTypeError, '"entryPoint" must be a path, but got null'),
    ({"entry_point": "nowhere"}, SiteError, "There is nothing to deploy at nowhere"),
    ({"webpack_override": print}, OptionTypeError, "not supported: the project's own Remotion CLI"),
    ({"options": {}}, OptionTypeError, "what it holds are arguments of their own"),
    ({"siteName": "x"}, OptionTypeError, 'no option "siteName". Did you mean site_name?'),
    ({"on_upload": print}, OptionTypeError, "Did you mean on_upload_progress?"),
    ({"signal": None}, OptionTypeError, "Did you mean cancel_signal?"),
]


@pytest.mark.parametrize(("options", "kind", "message"), DEPLOYMENTS)
def test_what_cannot_be_deployed_is_told_without_a_request(page, options, kind, message):
    bucket = "remotionlambda-useast1-0000000000"
    with pytest.raises(kind, match=message) as caught:
        aws.deploy_site(**{"entry_point": page, "bucket_name": bucket, **options})
    assert type(caught.value) is kind


def test_a_project_is_no_bundle(tmp_path):
    (tmp_path / "package.json").write_text("{}")
    bucket = "remotionlambda-useast1-0000000000"
    with pytest.raises(SiteError, match=r"is no built site: it has no index\.html"):
        aws.deploy_site_from_bundle(bundle_dir=tmp_path, bucket_name=bucket)
    cases: list[tuple[Any, type[Exception], str]] = [
        (7, OptionTypeError, '"bundleDir" must be a path, but got 7'),
        (tmp_path / "package.json", SiteError, "package.json is no folder"),
        (tmp_path / "nowhere", SiteError, "nowhere does not exist"),
    ]
    for given, kind, message in cases:
        with pytest.raises(kind, match=message):
            aws.deploy_site_from_bundle(bundle_dir=given, bucket_name=bucket)
    with pytest.raises(OptionTypeError, match="There is no option"):
        aws.deploy_site_from_bundle(  # type: ignore[call-arg]
            bundle_dir=tmp_path, bucket_name=bucket, rspack=True
        )
