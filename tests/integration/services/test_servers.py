"""The servers are there, are empty, and keep to what tests rely on."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.services.faults import Answer
from tests.services.processes import lasting_pids, running, wait_until_it_answers


@pytest.fixture(params=["radosgw", "moto"])
def s3(request):
    """Asked for by name, so the first test starts the server after the leak check has looked."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def proxied(request, s3):
    """The same server behind its proxy."""
    name = request.node.callspec.params["s3"]
    return replace(s3, endpoint=request.getfixturevalue(f"{name}_proxy").endpoint)


@pytest.mark.parametrize("round", [1, 2])
def test_s3_servers_are_empty_for_every_test(round, s3):
    assert s3.client.list_buckets()["Buckets"] == []
    s3.client.create_bucket(Bucket="always-the-same")
    s3.client.put_object(Bucket="always-the-same", Key="k", Body=b"content")
    s3.client.create_multipart_upload(Bucket="always-the-same", Key="k")
    s3.client.put_bucket_versioning(
        Bucket="always-the-same", VersioningConfiguration={"Status": "Enabled"}
    )
    s3.client.put_object(Bucket="always-the-same", Key="k", Body=b"content")
    s3.client.delete_object(Bucket="always-the-same", Key="k")


@pytest.mark.parametrize("round", [1, 2])
def test_the_gcs_emulator_is_empty_for_every_test(round, gcs):
    assert list(gcs.client.list_buckets()) == []
    gcs.client.create_bucket("always-the-same").blob("k").upload_from_string("content")


def test_servers_of_the_session_are_its_children(radosgw, moto, gcs):
    children = {child.pid for child in psutil.Process().children()}
    assert {*radosgw.pids, *moto.pids, *gcs.pids} <= children & lasting_pids()


def test_only_one_of_many_creates_an_object(radosgw, bucket_name):
    """Moto looks and then writes, so that two may win there."""
    s3 = radosgw
    s3.client.create_bucket(Bucket=bucket_name)

    def create(number):
        try:
            s3.client.put_object(Bucket=bucket_name, Key="k", Body=b"%d" % number, IfNoneMatch="*")
        except s3.client.exceptions.ClientError as refusal:
            return refusal.response["Error"]["Code"]
        return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(create, range(8)))
    assert outcomes == ["PreconditionFailed"] * 7 + ["won"]


@pytest.mark.alone
def test_signatures_hold_through_the_proxy(s3, proxied, bucket_name, request):
    content = bytes(range(256)) * 5000
    proxied.client.create_bucket(Bucket=bucket_name)
    began = time.monotonic()
    proxied.client.put_object(Bucket=bucket_name, Key="a b/ü", Body=content)
    assert time.monotonic() - began < 0.9, "the client waited for 100 Continue in vain"
    assert s3.client.get_object(Bucket=bucket_name, Key="a b/ü")["Body"].read() == content
    assert proxied.client.get_object(Bucket=bucket_name, Key="a b/ü")["Body"].read() == content
    address = proxied.client.generate_presigned_url(
        "get_object", {"Bucket": bucket_name, "Key": "a b/ü"}
    )
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.read() == content


def test_clients_try_again_when_the_proxy_says_slow_down(s3, proxied, bucket_name, request):
    proxy = request.getfixturevalue(f"{request.node.callspec.params['s3']}_proxy")
    proxied.client.create_bucket(Bucket=bucket_name)
    proxy.inject(Answer.s3_error(503, "SlowDown"), method="PUT", target="/k")
    proxied.client.put_object(Bucket=bucket_name, Key="k", Body=b"content")
    assert [seen.status for seen in proxy.seen("PUT", "/k")] == [503, 200]


def test_radosgw_keeps_strangers_out(radosgw, bucket_name):
    radosgw.client.create_bucket(Bucket=bucket_name)
    radosgw.client.put_object(Bucket=bucket_name, Key="private", Body=b"content")
    radosgw.client.put_object(Bucket=bucket_name, Key="public", Body=b"content", ACL="public-read")
    with urllib.request.urlopen(f"{radosgw.endpoint}/{bucket_name}/public", timeout=10) as answer:
        assert answer.read() == b"content"
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(f"{radosgw.endpoint}/{bucket_name}/private", timeout=10)
    refused.value.close()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        replace(radosgw, secret_key="wrong").client.list_buckets()


@pytest.mark.parametrize("storage_class", ["STANDARD_IA", "GLACIER_IR"])
def test_radosgw_knows_storage_classes(storage_class, radosgw, bucket_name):
    radosgw.client.create_bucket(Bucket=bucket_name)
    radosgw.client.put_object(Bucket=bucket_name, Key="k", Body=b"", StorageClass=storage_class)
    found = radosgw.client.head_object(Bucket=bucket_name, Key="k")
    assert found["StorageClass"] == storage_class


def test_radosgw_carries_out_lifecycle_rules(radosgw, bucket_name):
    radosgw.client.create_bucket(Bucket=bucket_name)
    for key in ("1-day/k", "kept/k"):
        radosgw.client.put_object(Bucket=bucket_name, Key=key, Body=b"content")
    radosgw.client.put_bucket_lifecycle_configuration(
        Bucket=bucket_name,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "1",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "1-day/"},
                    "Expiration": {"Days": 1},
                }
            ]
        },
    )
    deadline = time.monotonic() + 30
    while (found := radosgw.client.list_objects_v2(Bucket=bucket_name)["Contents"])[1:]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert [one["Key"] for one in found] == ["kept/k"]


def test_a_server_that_does_not_start_says_why(tmp_path):
    log = tmp_path / "log"
    with (
        running(["sh", "-c", "echo no such luck; exit 3"], log=log) as process,
        pytest.raises(RuntimeError, match="exit status 3: no such luck"),
    ):
        wait_until_it_answers("http://127.0.0.1:9", process, log)


def test_the_end_of_a_server_is_the_end_of_what_it_started(tmp_path):
    with running(["sh", "-c", "sleep 60 & wait"], log=tmp_path / "log") as process:
        deadline = time.monotonic() + 5
        while not (children := psutil.Process(process.pid).children()):
            assert time.monotonic() < deadline
    (child,) = children
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
