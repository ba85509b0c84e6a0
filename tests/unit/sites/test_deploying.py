"""A deployment changes what differs, and the site before it works until the new one is whole."""

from __future__ import annotations

import anyio
import pytest

from framefleet.domain.stored import Privacy
from framefleet.errors import ObjectConflictError, OptionError, StorageError
from framefleet.sites.deploying import UploadProgress, check_new, deploy

pytestmark = pytest.mark.anyio

OLD = {"index.html": "old page", "a.js": "old a", "old.js": "old", "same.png": "same"}
NEW = {"index.html": "new page", "a.js": "new a", "new.js": "new", "same.png": "same"}


def under(prefix, files):
    return {f"{prefix}{name}": content for name, content in files.items()}


@pytest.fixture
async def deployed(storage, site):
    """The old site, in place."""
    await deploy(storage, site(OLD), "x")
    storage.events.clear()
    return storage


async def test_a_new_site_is_uploaded_whole(storage, site, contents):
    stats = await deploy(storage, site(NEW), "x")
    assert stats.to_dict() == {"uploadedFiles": 4, "deletedFiles": 0, "untouchedFiles": 0}
    assert contents() == under("sites/x/", NEW)
    assert storage.events[-1] == ("put", "sites/x/index.html")


async def test_only_what_differs_is_uploaded_and_only_stale_files_go(deployed, site, contents):
    stats = await deploy(deployed, site(NEW), "x")
    assert stats.to_dict() == {"uploadedFiles": 3, "deletedFiles": 1, "untouchedFiles": 1}
    assert contents() == under("sites/x/", NEW)


async def test_new_files_come_first_then_changed_ones_then_the_page_then_deletions(deployed, site):
    await deploy(deployed, site(NEW), "x")
    assert deployed.events == [
        ("put", "sites/x/new.js"),
        ("put", "sites/x/a.js"),
        ("put", "sites/x/index.html"),
        ("delete", "sites/x/old.js"),
    ]


async def test_a_site_deployed_again_stays_untouched(deployed, site):
    stats = await deploy(deployed, site(OLD), "x")
    assert stats.to_dict() == {"uploadedFiles": 0, "deletedFiles": 0, "untouchedFiles": 4}
    assert deployed.events == []


async def test_the_page_may_be_the_same_while_others_change(deployed, site, contents):
    changed = {**NEW, "index.html": OLD["index.html"]}
    await deploy(deployed, site(changed), "x")
    assert deployed.events[-1] == ("delete", "sites/x/old.js")
    assert contents() == under("sites/x/", changed)


async def test_sites_whose_names_start_alike_are_left_alone(deployed, site, contents):
    await deploy(deployed, site(NEW), "x-2")
    await deploy(deployed, site({"index.html": "page"}), "x")
    assert contents() == {"sites/x/index.html": "page", **under("sites/x-2/", NEW)}


@pytest.mark.parametrize("broken", ["new.js", "a.js", "index.html"])
async def test_a_failed_upload_leaves_the_page_before_it_with_its_files(
    deployed, site, contents, broken
):
    deployed.broken_key = f"sites/x/{broken}"
    with pytest.raises(StorageError, match="disk of the cloud"):
        await deploy(deployed, site(NEW), "x")
    left = contents()
    assert left["sites/x/index.html"] == "old page"
    assert left["sites/x/old.js"] == "old"
    if broken == "new.js":
        assert left["sites/x/a.js"] == "old a"


async def test_a_failed_upload_is_finished_by_the_next(deployed, site, contents):
    deployed.broken_key = "sites/x/index.html"
    with pytest.raises(StorageError):
        await deploy(deployed, site(NEW), "x")
    deployed.broken_key = ""
    stats = await deploy(deployed, site(NEW), "x")
    assert stats.to_dict() == {"uploadedFiles": 1, "deletedFiles": 1, "untouchedFiles": 3}
    assert contents() == under("sites/x/", NEW)


@pytest.mark.parametrize("hanging", ["new.js", "index.html"])
async def test_a_cancelled_deployment_leaves_the_page_before_it(deployed, site, contents, hanging):
    deployed.hanging_key = f"sites/x/{hanging}"
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(deploy, deployed, site(NEW), "x")
            await deployed.hangs.wait()
            group.cancel_scope.cancel()
    left = contents()
    assert left["sites/x/index.html"] == "old page"
    assert left["sites/x/old.js"] == "old"
    assert all(event[0] == "put" for event in deployed.events)


async def test_a_site_that_must_be_new_names_the_files_there(deployed, site):
    more = {**OLD, "b.js": "", "c.js": ""}
    await deploy(deployed, site(more), "x")
    deployed.events.clear()
    with pytest.raises(ObjectConflictError) as caught:
        await check_new(deployed, "x")
    assert caught.value.message == (
        "`throwIfSiteExists` was passed as true, but there are already files in this folder: "
        "sites/x/a.js, sites/x/b.js, sites/x/c.js, sites/x/index.html, sites/x/old.js"
    )
    assert deployed.events == []
    await check_new(deployed, "y")


async def test_every_file_is_to_be_asked_for_anew(storage, site):
    await deploy(storage, site(NEW), "x", privacy=Privacy.NO_ACL)
    said = set(storage.attributes.values())
    assert {(one.cache_control, one.privacy, one.content_type) for one in said} == {
        ("no-cache", Privacy.NO_ACL, None)
    }


async def test_progress_adds_up(storage, site):
    files = {"index.html": "page", **{f"{n}.bin": bytes(3_000_000) for n in range(7)}, "e": ""}
    heard: list[UploadProgress] = []
    await deploy(storage, site(files), "x", on_upload=heard.append)
    assert heard[0].to_dict() == {
        "totalFiles": 9,
        "filesUploaded": 0,
        "totalSize": 21_000_004,
        "sizeUploaded": 0,
    }
    assert (heard[-1].files_uploaded, heard[-1].size_uploaded) == (9, 21_000_004)
    sizes = [progress.size_uploaded for progress in heard]
    assert sizes == sorted(sizes)
    assert len(heard) > 20, "told only when files were done, not while bytes flowed"


async def test_the_comparison_tells_how_far_it_is(deployed, site):
    heard: list[tuple[int, bool]] = []
    await deploy(
        deployed, site(NEW), "x", on_diff=lambda done, is_all: heard.append((done, is_all))
    )
    compared = sum(len(NEW[name]) for name in ("index.html", "a.js", "same.png"))
    assert heard[0] == (0, False)
    assert heard[-1] == (compared, True)
    assert len(heard) == 5
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


async def test_at_most_sixteen_files_are_on_their_way(storage, site):
    running = most = 0
    put = storage.put

    async def counted(key, source, **options):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        info = await put(key, source, **options)
        running -= 1
        return info

    storage.put = counted
    await deploy(storage, site({"index.html": "", **{f"{n}.js": "" for n in range(40)}}), "x")
    assert most == 16


@pytest.mark.parametrize("name", ["..", "a/b", ""])
async def test_a_name_that_is_none_changes_nothing(storage, site, contents, name):
    with pytest.raises(OptionError):
        await deploy(storage, site(NEW), name)
    assert contents() == {}


async def test_thousands_of_files_are_no_matter(storage, site):
    files = {"index.html": "page", **{f"frames/{n:05}.txt": str(n) for n in range(3000)}}
    folder = site(files)
    await deploy(storage, folder, "x", on_upload=lambda progress: None)
    stats = await deploy(storage, folder, "x")
    assert stats.untouched_files == 3001
