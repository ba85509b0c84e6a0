"""Props in a bucket go with their render; those that others share stay for these."""

from __future__ import annotations

import time
from typing import cast

import pytest

from framefleet.delivery.props import delete_props, put_props
from framefleet.interfaces.buckets import Buckets
from framefleet.storages.local import LocalStorage
from framefleet.wire.props import BucketProps, InlineProps

pytestmark = pytest.mark.anyio

SHARED = BucketProps(hash="ab" * 32, bucket_name="bucket")


class OneBucket:
    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage

    def storage(self, name: str) -> LocalStorage:
        assert name == "bucket"
        return self._storage


@pytest.fixture
def storage(tmp_path) -> LocalStorage:
    return LocalStorage(tmp_path)


@pytest.fixture
def buckets(storage) -> Buckets:
    return cast(Buckets, OneBucket(storage))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_a_renders_own_props_go_whenever_they_were_put(storage, buckets):
    began_ms = now_ms()
    props = await put_props("{}", storage, "bucket")
    await delete_props(props, buckets, put_before_ms=began_ms - 1000)
    assert await storage.stat(props.key("input-props")) is None


async def test_shared_props_go_unless_another_render_has_put_them_since(storage, buckets):
    key = SHARED.key("input-props")
    await storage.put(key, b"{}")
    await delete_props(SHARED, buckets, put_before_ms=now_ms() - 1000)
    assert await storage.stat(key) is not None
    await delete_props(SHARED, buckets, put_before_ms=now_ms() + 1000)
    assert await storage.stat(key) is None
    # Gone already, or nowhere: no error.
    for props in (SHARED, InlineProps("{}"), None):
        await delete_props(props, buckets, put_before_ms=now_ms() + 1000)
