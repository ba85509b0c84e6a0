"""`framefleet sites`, from outside, on real stores."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.faults import Answer

COMMAND = Path(sys.executable).parent / "framefleet"
PROJECT = Path(__file__).parents[1] / "remotion_site"


def sites(*arguments, stdin="", **options):
    """The finished command with `returncode`, `stdout` and `stderr`."""
    done = subprocess.run(
        [COMMAND, "sites", *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=200, **options,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def s3(radosgw, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    return radosgw.client


@pytest.fixture
def page(tmp_path):
    folder = tmp_path / "my page"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>one</h1>")
    return folder


def bucket_of(s3):
    (bucket,) = s3.list_buckets()["Buckets"]
    return bucket["Name"]


def keys(s3):
    listed = s3.list_objects_v2(Bucket=bucket_of(s3))
    return [found["Key"] for found in listed.get("Contents", [])]


class TestCreate:
    def test_a_page_is_put_into_the_regions_own_bucket(self, s3, page):
        done = sites("create", page)
        assert done.returncode == 0
        bucket = bucket_of(s3)
        assert bucket.startswith("remotionlambda-useast1-")
        (key,) = keys(s3)
        name = key.split("/")[1]
        url = f"{s3.meta.endpoint_url}/{bucket}/sites/{name}/index.html"
        assert done.stdout == f"{url}\n"
        assert f"{url}  site {name}, +1,-0 files in " in done.stderr
        assert f"framefleet sites create '{page}' --site-name={name}\n" in done.stderr

        again = sites("create", ".", "--site-name", name, cwd=page)
        assert f"site {name}, unchanged in " in again.stderr
        assert "Uploading" not in again.stderr
        assert "After changes" not in again.stderr

    def test_the_command_to_do_it_again_is_the_whole_of_it(self, s3, page):
        s3.create_bucket(Bucket="other-bucket")
        done = sites(
            "create", page, "--force-bucket-name=other-bucket", "--privacy", "no-acl",
            "--force-path-style", "--throw-if-site-exists",
        )  # fmt: skip
        *_, note = done.stderr.splitlines()
        name = note.partition("--site-name=")[2].split()[0]
        assert note == (
            "After changes bring it up to date with: framefleet sites create "
            f"'{page}' --site-name={name} --privacy=no-acl --force-bucket-name=other-bucket "
            "--force-path-style"
        )

    def test_what_comes_out_is_what_was_asked_for(self, s3, page):
        assert sites("create", page, "--site-name=a", "-q").stdout.endswith("/a/index.html\n")
        told = json.loads(sites("create", page, "--site-name=a", "--json").stdout)
        assert told["siteName"] == "a"
        assert told["stats"] == {"uploadedFiles": 0, "deletedFiles": 0, "untouchedFiles": 1}

    def test_a_project_is_bundled_with_progress(self, s3):
        done = sites(
            "create", PROJECT / "src/index.ts", "--site-name=film", "--enable-folder-expiry",
            "--no-bundle-cache", "--disable-ask-ai", "--disable-git-source",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = done.stderr.splitlines()
        stages = ["Looking for the bucket", "Bundling", "Calculating changes", "Uploading"]
        assert [line for line in lines if line in stages] == stages
        assert len(keys(s3)) > 10
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket_of(s3))["Rules"]
        assert len(rules) == 4

    @pytest.mark.parametrize(
        ("options", "code", "says"),
        [
            (["--privacy=private"], 2, 'Privacy must be either "public" or "no-acl"'),
            (["--site-name=a/b"], 2, "The `siteName` must match the RegExp"),
            (["--rspack"], 2, "rspack (--rspack) is of no use"),
            (["--no-bundle-cache"], 2, "enable_caching (--no-bundle-cache) is of no use"),
            (["--region=moon"], 2, '"region" parameter must be one of'),
            (["--force-bucket-name=NO"], 2, "The bucket NO cannot exist"),
            (["--force-bucket-name=gs://abc", "--region=us-east1"], 2, "is of no use to a bucket"),
            (["--config=a.ts"], 2, 'The option "--config" is not supported: the project'),
        ],
    )
    def test_what_cannot_be_is_told_before_a_bucket_is_made(self, s3, page, options, code, says):
        done = sites("create", page, *options)
        assert done.returncode == code
        assert says in done.stderr
        assert done.stdout == ""
        assert s3.list_buckets()["Buckets"] == []

    def test_what_is_not_there_is_told(self, s3, tmp_path):
        assert sites("create", tmp_path / "nowhere").returncode == 3
        done = sites("create", cwd=tmp_path)
        assert done.returncode == 3
        assert (
            ". cannot be deployed: the folder has no index.html and no package.json" in done.stderr
        )

    def test_ctrl_c_leaves_the_site_before_it(self, s3, page):
        sites("create", page, "--site-name=a")
        (page / "index.html").write_text("<h1>two</h1>")
        for name in range(300):
            (page / f"{name}.bin").write_bytes(b"x" * 50_000)
        with subprocess.Popen(
            [COMMAND, "sites", "create", page, "--site-name=a"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("Uploading"):
                    process.send_signal(signal.SIGINT)
                    break
            said = process.stderr.read()
            assert process.stdout.read() == ""
        assert process.returncode == 130
        assert said.endswith("Cancelled.\n")
        page_key = "sites/a/index.html"
        assert s3.get_object(Bucket=bucket_of(s3), Key=page_key)["Body"].read() == b"<h1>one</h1>"


class TestList:
    def test_there_may_be_no_bucket_and_no_site(self, s3, page):
        done = sites("ls")
        assert (done.returncode, done.stdout) == (0, "")
        assert "0 sites: there is no bucket of ours in the region\n" in done.stderr
        assert sites("ls", "-q").stdout == "()\n"
        assert json.loads(sites("ls", "--json").stdout) == {"sites": [], "buckets": []}

    def test_each_site_has_a_line_with_its_address(self, s3, page):
        for name in ("one", "two"):
            sites("create", page, "--site-name", name)
        done = sites("ls")
        header, *rows = done.stdout.splitlines()
        assert header.split() == ["site", "size", "updated", "version", "address"]
        assert [row.split()[:3] for row in rows] == [["one", "12", "B"], ["two", "12", "B"]]
        assert rows[0].endswith(f"/{bucket_of(s3)}/sites/one/index.html")
        assert f"2 sites in {bucket_of(s3)}\n" in done.stderr
        assert sites("ls", "--quiet").stdout == "one two\n"

    def test_a_second_bucket_is_warned_of(self, s3):
        for ending in ("aaaaaaaaaa", "bbbbbbbbbb"):
            s3.create_bucket(Bucket=f"remotionlambda-useast1-{ending}")
        assert "Warning: You have more than one Remotion bucket" in sites("ls").stderr

    def test_sites_of_all_regions_are_listed_together(self, s3, page):
        for region in ("us-east-1", "eu-west-1"):
            sites("create", page, "--region", region, "--site-name", region)
        assert sites("ls", "-q").stdout == "us-east-1\n"
        done = sites("ls", "-q", "--all-regions")
        assert sorted(done.stdout.split()) == ["eu-west-1", "us-east-1"]
        assert "Warning" not in done.stderr
        assert sites("ls", "--all-regions", "--region=us-east-1").returncode == 2


class TestDelete:
    @pytest.fixture
    def two(self, s3, page):
        for name in ("one", "two"):
            sites("create", page, "--site-name", name)
        return s3

    def test_sites_are_deleted_when_somebody_says_so(self, two):
        done = sites("rm", "one", "two", stdin="n\n\n")
        assert done.returncode == 0
        assert "Delete site one (12 B, http" in done.stderr
        assert "Left site one as it is.\n" in done.stderr
        assert done.stdout == "Deleted site two and freed up 12 B.\n"
        assert keys(two) == ["sites/one/index.html"]

    def test_nobody_need_be_asked(self, two):
        done = sites("rm", "one", "-y", "--json")
        assert json.loads(done.stdout) == {
            "bucketName": bucket_of(two),
            "sites": [{"siteName": "one", "totalSizeInBytes": 12}],
        }
        assert sites("rmall", "--force").stdout == "Deleted site two and freed up 12 B.\n"
        assert keys(two) == []
        done = sites("rmall", "--yes")
        assert (done.returncode, done.stdout) == (0, "")
        assert "No sites to remove.\n" in done.stderr

    def test_without_an_answer_nothing_is_deleted(self, two):
        done = sites("rm", "one")
        assert done.returncode == 2
        assert "Pass --yes to delete without asking." in done.stderr
        assert len(keys(two)) == 2

    def test_a_name_that_is_not_there_deletes_none(self, two):
        done = sites("rm", "one", "three", "-y")
        assert done.returncode == 7
        assert f"No site three was found in your bucket {bucket_of(two)}." in done.stderr
        assert len(keys(two)) == 2

    def test_an_error_tells_what_was_deleted_before_it(self, two, radosgw_proxy, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw_proxy.endpoint)
        radosgw_proxy.inject(
            Answer.s3_error(403, "AccessDenied"), method="GET", target="sites%2Ftwo"
        )
        done = sites("rmall", "-y", "--json")
        assert done.returncode == 7
        assert json.loads(done.stdout)["error"]["context"]["deleted"] == ["one"]
        assert keys(two) == ["sites/two/index.html"]

    def test_no_name_is_a_mistake_and_empty_brackets_are_none(self, two):
        done = sites("rm")
        assert done.returncode == 2
        assert "No site name was passed." in done.stderr
        done = sites("rm", "()")
        assert done.returncode == 0
        assert "No sites to remove.\n" in done.stderr

    def test_there_may_be_no_bucket(self, s3):
        done = sites("rmall", "-y", "--region=eu-west-1")
        assert done.returncode == 7
        assert "There is no bucket of ours in eu-west-1." in done.stderr


def test_google_has_sites_too(gcs, bucket_name, page, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    gcs.client.create_bucket(bucket_name)
    there = f"--force-bucket-name=gs://{bucket_name}"
    url = sites("create", page, "--site-name=a", there).stdout.strip()
    assert url == f"{gcs.endpoint}/{bucket_name}/sites/a/index.html"
    assert sites("ls", "-q", there).stdout == "a\n"
    assert sites("rm", "a", "-y", there).stdout == "Deleted site a and freed up 12 B.\n"
    made = sites("create", page, "--site-name=b", "--force-bucket-name=gs://").stdout
    assert "/remotioncloudrun-" in made
