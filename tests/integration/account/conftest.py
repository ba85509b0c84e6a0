"""Accounts whose credentials and endpoints the environment names, as it does for users."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from framefleet import aws, gcp


@pytest.fixture
def s3(radosgw, monkeypatch):
    """The account's S3, with no bucket in it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    return radosgw.client


@pytest.fixture
def bucket(s3):
    """The region's own bucket."""
    return aws.get_or_create_bucket(region="us-east-1").bucket_name


@pytest.fixture
def google(gcs, monkeypatch):
    """The account's Cloud Storage, with no bucket in it."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    return gcs.client


@pytest.fixture
def gcs_bucket(google):
    """The region's own bucket."""
    return gcp.get_or_create_bucket(region="us-east1").bucket_name


@pytest.fixture
def page(tmp_path):
    """The folder of a small site."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<h1>one</h1>")
    (folder / "style.css").write_text("h1 { color: red }")
    (folder / "old.css").write_text("")
    return folder


@pytest.fixture
def fetch():
    """What anybody gets at an address: the status, and the body."""

    def fetched(url):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    return fetched
