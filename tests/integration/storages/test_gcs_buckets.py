"""Buckets of Google Cloud Storage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    StorageError,
)
from framefleet.storages.gcs.buckets import GcsBuckets
from framefleet.storages.gcs.client import open_client
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.transport import StoppableAdapter
from tests.integration.storages.gcs_bucket import BUCKET, answer
from tests.services.faults import (
    LoseAnswer,
)

pytestmark = pytest.mark.anyio


class TestBuckets:
    async def test_a_bucket_is_made_and_found(self, client, buckets, emulator):
        sent: list[bytes] = []

        class Noting(StoppableAdapter):
            def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
                sent.append(request.body)
                return super().send(request, *args, **kwargs)

        client._http.mount("http://", Noting())
        name = await buckets.create("europe-west1")
        assert len(name) == len("remotioncloudrun-") + 10
        asked = json.loads(sent[0])
        assert asked["location"] == "europe-west1"
        assert asked["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
        assert asked["iamConfiguration"]["publicAccessPrevention"] == "inherited"
        assert asked["cors"][0]["origin"] == ["*"]
        # The emulator puts all buckets into the US.
        emulator.change_bucket(name, location="EUROPE-WEST1")
        client.create_bucket("foreign")
        emulator.change_bucket("foreign", location="EUROPE-WEST1")
        assert [found.name for found in await buckets.find("europe-west1")] == [name]
        assert {found.name for found in await buckets.find(None)} == {name, BUCKET}
        [found] = await buckets.find("europe-west1")
        assert (found.region, found.created.utcoffset() is not None) == ("europe-west1", True)
        await buckets.storage(name).check()

    async def test_a_lost_answer_makes_no_second_bucket(self, buckets, emulator):
        emulator.fail("POST", "/b?", LoseAnswer())
        name = await buckets.create("us-east1")
        assert {found.name for found in await buckets.find(None)} == {name, BUCKET}

    async def test_a_name_that_somebody_else_has_is_not_taken(self, buckets, emulator):
        emulator.fail("POST", "/b?", answer(409, "You already own this bucket, or somebody does."))
        emulator.fail("GET", "/b/remotioncloudrun-", answer(403, "no storage.buckets.get access"))
        name = await buckets.create("us-east1")
        assert {found.name for found in await buckets.find(None)} == {name, BUCKET}

    async def test_a_region_that_google_refuses_is_told(self, buckets, emulator):
        emulator.fail("POST", "/b?", answer(400, "The specified location is not valid."))
        with pytest.raises(StorageError, match="make a bucket in moon: The specified location"):
            await buckets.create("moon")

    async def test_without_a_project_there_are_no_buckets(self, emulator):
        with open_client(GcsOptions(endpoint=emulator.url)) as client:
            with pytest.raises(StorageError, match="REMOTION_GCP_PROJECT_ID"):
                await GcsBuckets(client).find(None)
            with pytest.raises(StorageError, match="REMOTION_GCP_PROJECT_ID"):
                await GcsBuckets(client).create("us-east1")

    async def test_expiry_rules_come_and_go_and_leave_others_alone(self, buckets, emulator):
        foreign = {"action": {"type": "Delete"}, "condition": {"age": 365}}
        emulator.change_bucket(lifecycle={"rule": [foreign]})

        for _ in range(2):
            await buckets.set_folder_expiry(BUCKET, is_on=True)
            assert emulator.rules()[0] == foreign
            assert [
                (rule["condition"]["matchesPrefix"], rule["condition"]["age"])
                for rule in emulator.rules()[1:]
            ] == [
                (["renders/1-day"], 1),
                (["renders/3-days"], 3),
                (["renders/7-days"], 7),
                (["renders/30-days"], 30),
            ]
        assert sum(line.startswith("PATCH") for line in emulator.requests) == 1
        for _ in range(2):
            await buckets.set_folder_expiry(BUCKET, is_on=False)
            assert emulator.rules() == [foreign]
        assert sum(line.startswith("PATCH") for line in emulator.requests) == 2

    async def test_rules_are_read_again_when_somebody_else_was_faster(self, buckets, emulator):
        said = "At least one of the pre-conditions you specified did not hold."
        emulator.fail("PATCH", BUCKET, answer(412, said))
        await buckets.set_folder_expiry(BUCKET, is_on=True)
        assert len(emulator.rules()) == 4
        methods = [line.partition(" ")[0] for line in emulator.requests]
        assert methods == ["GET", "PATCH", "GET", "PATCH"]
        assert "ifMetagenerationMatch=1" in emulator.requests[1]

    async def test_rules_need_a_permission(self, buckets, emulator):
        emulator.fail("PATCH", BUCKET, answer(403, "no access"))
        with pytest.raises(AccessDeniedError, match=r'"enableFolderExpiry".*buckets\.update'):
            await buckets.set_folder_expiry(BUCKET, is_on=True)
        with pytest.raises(BucketNotFoundError):
            await buckets.set_folder_expiry("no-such-bucket", is_on=True)
