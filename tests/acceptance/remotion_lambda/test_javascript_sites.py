"""The official JavaScript client, as it is, deploys sites that functions of ours render."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from framefleet import aws
from framefleet.errors import StorageError
from framefleet.testing.video import read_stamps
from tests.acceptance.remotion_lambda.conftest import CLIENT, Official, OfficialError
from tests.acceptance.remotion_lambda.fleet import (
    BUCKET,
    JAVASCRIPT,
    REGION,
    REMOTION,
    SHORT,
    Fleet,
)
from tests.services.faulty_proxy import faulty_proxy

WHOLE_CLIENT = "@remotion/lambda"
REMOTION_SITE = Path(__file__).parents[2] / "remotion_site"
ENTRY = """
import {Audio, Composition, registerRoot, staticFile} from 'remotion';
import {Stamped, stampedMetadata} from './compositions/Stamped';

const Film = (props) => (
	<>
		<Stamped {...props} />
		<Audio src={staticFile('beep.wav')} />
	</>
);
registerRoot(() => (
	<Composition id="Film" component={Film} calculateMetadata={stampedMetadata} />
));
"""


@dataclass(frozen=True)
class Project:
    """A small Remotion project, and how it is deployed as the site `mine`."""

    folder: Path
    official: Official

    def deploy(self, official: Official | None = None, **options: Any) -> dict[str, Any]:
        """What `deploySite` gives."""
        found: dict[str, Any] = (official or self.official)(
            "deploySite", package=WHOLE_CLIENT, entryPoint=str(self.folder / "index.tsx"),
            bucketName=BUCKET, siteName="mine", **options,
            # Five times as fast as webpack.
            options={"rspack": True, "enableCaching": False, "rootDir": str(self.folder)},
        ).result  # fmt: skip
        return found


@pytest.fixture(scope="module")
def project(official: Official, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    for name in ("Stamp.tsx", "compositions/Stamped.tsx"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(REMOTION_SITE / "src" / name, folder / name)
    (folder / "index.tsx").write_text(ENTRY)
    (folder / "package.json").write_text("{}")
    (folder / "public").mkdir()
    shutil.copy(REMOTION_SITE / "public/beep.wav", folder / "public")
    (folder / "public/text.txt").write_text("one")
    (folder / "node_modules").symlink_to(CLIENT.parent / "node_modules")
    return Project(folder, official)


@dataclass(frozen=True)
class Deployed:
    """What the first `deploySite` gave, and the keys in the order in which it put them."""

    url: str
    stats: dict[str, int]
    keys: list[str]


@pytest.fixture(scope="module")
def deployed(official: Official, fleet: Fleet, project: Project) -> Deployed:
    with faulty_proxy(fleet.s3.endpoint) as proxy:
        seen = replace(
            official,
            environment={**official.environment, "AWS_ENDPOINT_URL_S3": proxy.endpoint},
        )
        found = project.deploy(seen)
        keys = [request.path.removeprefix(f"/{BUCKET}/") for request in proxy.seen("PUT")]
    assert found["siteName"] == "mine"
    return Deployed(found["serveUrl"], found["stats"], keys)


def test_the_page_of_a_site_is_put_last(fleet, deployed):
    assert sorted(deployed.keys) == sorted(fleet.sizes("sites/mine/"))
    assert deployed.keys[-1] == "sites/mine/index.html"
    assert deployed.stats == {
        "uploadedFiles": len(deployed.keys), "deletedFiles": 0, "untouchedFiles": 0,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["address", "name"])
def test_a_site_is_rendered_by_its_address_and_by_its_name(official, fleet, deployed, by, tmp_path):
    assert deployed.url == f"https://{BUCKET}.s3.{REGION}.amazonaws.com/sites/mine/index.html"
    render = official.started(
        functionName=JAVASCRIPT, serveUrl=deployed.url if by == "address" else "mine",
        composition="Film", codec="h264", inputProps={**SHORT, "durationInFrames": 5},
        concurrency=1, x264Preset="ultrafast",
    )  # fmt: skip
    last = official.progress(render, functionName=JAVASCRIPT)[-1]
    assert last["errors"] == []
    film = tmp_path / "film.mp4"
    film.write_bytes(fleet.content(last["outKey"]))
    assert read_stamps(film) == list(range(5))


def test_only_what_has_changed_is_put_again(fleet, project, deployed):
    count = len(deployed.keys)
    unchanged = project.deploy()
    assert (unchanged["serveUrl"], unchanged["stats"]) == (
        deployed.url, {"uploadedFiles": 0, "deletedFiles": 0, "untouchedFiles": count},
    )  # fmt: skip
    text = project.folder / "public/text.txt"
    before = text.stat()
    text.write_text("two")
    # The page of the site tells when its files were changed.
    os.utime(text, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.deploy()["stats"] == {
        "uploadedFiles": 1, "deletedFiles": 0, "untouchedFiles": count - 1,
    }  # fmt: skip
    assert fleet.content("sites/mine/public/text.txt") == b"two"


def test_sites_are_listed_with_version_and_size_until_they_are_deleted(
    official, fleet, deployed, remotion_site
):
    theirs = {site["id"]: site for site in official("getSites").result["sites"]}
    mine = theirs["mine"]
    held = fleet.sizes("sites/mine/")
    assert (mine["serveUrl"], mine["version"], mine["sizeInBytes"]) == (
        deployed.url, "4.0.527", sum(held.values()),
    )  # fmt: skip
    copy = {"bucketName": BUCKET, "siteName": "copy"}
    official("deploySiteFromBundle", package=WHOLE_CLIENT, bundleDir=str(remotion_site), **copy)
    size = sum(fleet.sizes("sites/copy/").values())
    assert official("deleteSite", package=WHOLE_CLIENT, **copy).result == {"totalSizeInBytes": size}
    assert fleet.sizes("sites/copy/") == {}
    assert fleet.sizes("sites/mine/") == held


def test_a_site_that_has_to_be_new_is_not_replaced(official, fleet, remotion_site):
    keys = list(fleet.sizes(f"sites/{REMOTION}/"))[:5]
    with pytest.raises(OfficialError) as refused:
        official(
            "deploySiteFromBundle", package=WHOLE_CLIENT, bundleDir=str(remotion_site),
            bucketName=BUCKET, siteName=REMOTION, throwIfSiteExists=True,
        )  # fmt: skip
    assert refused.value.message == (
        "`throwIfSiteExists` was passed as true, but there are already files in this folder: "
        + ", ".join(keys)
    )


def test_the_bucket_is_there_already(official):
    found = aws.get_or_create_bucket().to_dict()
    assert found == {"bucketName": BUCKET, "alreadyExisted": True}
    assert official("getOrCreateBucket", package=WHOLE_CLIENT).result == found


@pytest.fixture
def second_bucket(fleet: Fleet) -> Iterator[str]:
    name = "remotionlambda-useast1-zzzzzzzzzz"
    fleet.s3.client.create_bucket(Bucket=name)
    yield name
    fleet.s3.client.delete_bucket(Bucket=name)


def test_two_buckets_are_too_many_for_the_client_and_for_functions(official, second_bucket):
    text = (
        f"You have multiple buckets ({BUCKET},{second_bucket}) in your S3 region ({REGION}) "
        'starting with "remotionlambda-". Please see '
        "https://remotion.dev/docs/lambda/multiple-buckets."
    )
    with pytest.raises(OfficialError) as by_the_client:
        official("getOrCreateBucket", package=WHOLE_CLIENT)
    with pytest.raises(OfficialError) as by_a_function:
        official.started(
            functionName=JAVASCRIPT, serveUrl="https://example.org/index.html",
            composition="Film", codec="h264", inputProps={},
        )  # fmt: skip
    with pytest.raises(StorageError) as by_us:
        aws.get_or_create_bucket()
    assert by_the_client.value.message == text
    assert by_a_function.value.message == text
    assert by_us.value.message == text
