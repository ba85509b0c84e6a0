"""Buckets of a real S3 server: made, found, expiring; who may read what is in them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

import anyio
import pytest

from framefleet.delivery.buckets import get_or_create
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import AccessDeniedError, StorageError
from framefleet.storages.s3.buckets import S3Buckets
from framefleet.storages.s3.client import open_client
from framefleet.storages.s3.options import S3Options
from tests.services.faults import Answer

pytestmark = pytest.mark.anyio

REGION = "us-east-1"
OWN = BucketAddress(cloud=Cloud.S3, name="", region=REGION)
PREFIXES = {"renders/1-day": 1, "renders/3-days": 3, "renders/7-days": 7, "renders/30-days": 30}


@pytest.fixture
def buckets(radosgw, radosgw_proxy):
    client = open_client(
        S3Options(
            endpoint=radosgw_proxy.endpoint,
            access_key_id=radosgw.access_key,
            secret_access_key=radosgw.secret_key,
        )
    )
    yield S3Buckets(client)
    client.close()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def rules(radosgw, name: str) -> dict[str, int]:
    found = radosgw.client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    return {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in found}


async def test_the_regions_bucket_is_made_once_and_found(buckets):
    name, existed = await get_or_create(buckets, OWN)
    assert name.startswith("remotionlambda-useast1-")
    assert not existed
    assert await get_or_create(buckets, OWN) == (name, True)
    (found,) = await buckets.find(REGION)
    assert (found.name, found.region) == (name, REGION)
    assert found.created is not None
    assert found.created.tzinfo is not None
    assert await buckets.find("eu-west-1") == []


async def test_several_buckets_of_a_region_are_told_apart_by_nobody(buckets):
    names = sorted([await buckets.create(REGION), await buckets.create(REGION)])
    with pytest.raises(StorageError, match=f"multiple buckets .{','.join(names)}."):
        await get_or_create(buckets, OWN)


async def test_a_bucket_that_cannot_be_configured_is_not_left(buckets, radosgw, radosgw_proxy):
    radosgw_proxy.inject(Answer.s3_error(403, "AccessDenied"), method="PUT", target="publicAccess")
    with pytest.raises(AccessDeniedError, match="s3:PutBucketPublicAccessBlock permission is not"):
        await buckets.create(REGION)
    assert radosgw.client.list_buckets()["Buckets"] == []


async def test_expiry_rules_come_and_go_and_leave_others_alone(buckets, radosgw, radosgw_proxy):
    name = await buckets.create(REGION)
    theirs = {
        "ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 90},
    }  # fmt: skip
    radosgw.client.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [theirs]}
    )
    await buckets.set_folder_expiry(name, is_on=True)
    assert rules(radosgw, name) == {"logs/": 90, **PREFIXES}
    radosgw_proxy.clear()
    await buckets.set_folder_expiry(name, is_on=True)
    assert radosgw_proxy.seen("PUT") == []
    await buckets.set_folder_expiry(name, is_on=False)
    assert rules(radosgw, name) == {"logs/": 90}


async def test_rules_need_a_permission(buckets, radosgw_proxy):
    name = await buckets.create(REGION)
    radosgw_proxy.inject(Answer.s3_error(403, "AccessDenied"), method="PUT", target="lifecycle")
    with pytest.raises(AccessDeniedError, match='but the "enableFolderExpiry" was set to true'):
        await buckets.set_folder_expiry(name, is_on=True)


async def test_a_kept_render_is_deleted_when_its_day_is_over(buckets):
    """A day of this server takes five seconds."""
    storage = buckets.storage(await buckets.create(REGION))
    await buckets.set_folder_expiry(storage.address.removeprefix("s3://"), is_on=True)
    await storage.put("renders/1-day-a1b2c3d4e5/out.mp4", b"gone")
    await storage.put("renders/a1b2c3d4e5/out.mp4", b"kept")
    await storage.put("renders/30-days-a1b2c3d4e5/out.mp4", b"kept for long")
    deadline = time.monotonic() + 60
    while await storage.stat("renders/1-day-a1b2c3d4e5/out.mp4") is not None:
        assert time.monotonic() < deadline, "it is there still"
        await anyio.sleep(0.5)
    assert await storage.read("renders/a1b2c3d4e5/out.mp4") == b"kept"
    assert await storage.read("renders/30-days-a1b2c3d4e5/out.mp4") == b"kept for long"


async def test_objects_are_as_public_as_is_said_of_them(buckets):
    storage = buckets.storage(await buckets.create(REGION))
    for privacy in Privacy:
        attributes = ObjectAttributes(privacy=privacy)
        await storage.put(f"renders/{privacy}", b"x", attributes=attributes)
        await storage.put(f"sites/{privacy}", b"x", attributes=attributes)
    assert status(storage.url("renders/public")) == 200
    assert status(storage.url("renders/private")) == 403
    assert status(storage.url("renders/no-acl")) == 403
    # Sites are public by the bucket's policy, whatever their ACL says.
    assert status(storage.url("sites/no-acl")) == 200
    assert status(storage.url("renders/").removesuffix("renders/")) == 403


async def test_a_signed_address_is_of_use_for_its_time_and_its_object(buckets):
    storage = buckets.storage(await buckets.create(REGION))
    await storage.put("renders/a", b"mine")
    await storage.put("renders/b", b"mine as well")
    address = await storage.presign("renders/a", 60)
    assert status(address) == 200
    assert status(address.replace("renders/a", "renders/b")) == 403
    short = await storage.presign("renders/a", 1)
    await anyio.sleep(2.5)
    assert status(short) == 403
