"""The official JavaScript client, as it is, has stills and sites looked at by our functions."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from framefleet.testing.picture_info import PictureInfo, picture_info
from framefleet.testing.video import read_stamps
from tests.acceptance.remotion_lambda.conftest import OfficialError
from tests.acceptance.remotion_lambda.fleet import BUCKET, JAVASCRIPT, PAGE, REMOTION, SHORT

WHOLE_CLIENT = "@remotion/lambda"
STILL: dict[str, Any] = {
    "functionName": JAVASCRIPT, "serveUrl": PAGE, "composition": "stamped", "inputProps": SHORT,
    "imageFormat": "png", "privacy": "public", "frame": 7,
}  # fmt: skip


@pytest.mark.parametrize(
    ("site", "composition"), [(PAGE, "stamped"), (REMOTION, "Stamped")], ids=["page", "project"]
)
def test_a_still_is_there_when_its_call_ends(official, fleet, tmp_path, site, composition):
    got = official(
        "renderStillOnLambda", "onInit", **{**STILL, "serveUrl": site, "composition": composition}
    )
    still = got.result
    key = f"renders/{still['renderId']}/out.png"
    data = fleet.content(key)
    assert {**still, "estimatedPrice": None, "cloudWatchLogs": None} == {
        "renderId": still["renderId"], "bucketName": BUCKET, "outKey": key,
        "url": f"{fleet.s3.endpoint}/{BUCKET}/{key}", "sizeInBytes": len(data),
        "artifacts": [], "estimatedPrice": None, "cloudWatchLogs": None,
    }  # fmt: skip
    assert still["estimatedPrice"]["displayCost"] == "<$0.001"
    assert picture_info(data) == PictureInfo("png", 320, 180)
    path = tmp_path / "still.png"
    path.write_bytes(data)
    assert read_stamps(path) == [7]
    (init,) = got.calls["onInit"]
    assert init["renderId"] == still["renderId"]
    # So early that it did not come with the result.
    assert got.earlier["onInit"][0] > 50


def test_a_still_that_fails_tells_its_stack(official):
    with pytest.raises(OfficialError) as caught:
        official(
            "renderStillOnLambda",
            **{**STILL, "serveUrl": REMOTION, "composition": "Throws", "inputProps": {}},
        )
    first, *calls = caught.value.message.splitlines()
    assert first.endswith("The composition threw an error: frame seven is broken")
    assert any("routines/still.py" in call for call in calls)


def test_the_compositions_of_a_project(official):
    given = {
        "functionName": JAVASCRIPT, "serveUrl": REMOTION, "inputProps": SHORT, "envVariables": {},
    }  # fmt: skip
    found = {each["id"]: each for each in official("getCompositionsOnLambda", **given).result}
    assert {"Stamped", "Hello", "Throws", "Suspended"} <= set(found)
    stamped = found["Stamped"]
    assert {name: stamped[name] for name in SHORT} == SHORT
    assert stamped["defaultProps"]["durationInFrames"] == 60
    assert stamped["props"] == SHORT


def test_a_site_that_the_client_deploys_renders_by_the_address_it_gives(
    official, fleet, remotion_site, tmp_path
):
    bundle = tmp_path / "bundle"
    shutil.copytree(remotion_site, bundle, ignore=shutil.ignore_patterns("public", "*.map"))
    site = official(
        "deploySiteFromBundle", package=WHOLE_CLIENT, bucketName=BUCKET, bundleDir=str(bundle),
        siteName="of-the-client",
    ).result  # fmt: skip
    address = f"https://{BUCKET}.s3.us-east-1.amazonaws.com/sites/of-the-client/index.html"
    assert site["serveUrl"] == address
    still = official(
        "renderStillOnLambda", **{**STILL, "serveUrl": address, "composition": "Stamped"}
    ).result
    assert picture_info(fleet.content(still["outKey"])) == PictureInfo("png", 320, 180)
