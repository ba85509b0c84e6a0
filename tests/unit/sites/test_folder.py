"""Which files of a folder are a site, and which folders cannot be uploaded."""

from __future__ import annotations

import os

import pytest

from framefleet.errors import SiteError
from framefleet.sites.folder import read_site

PAGE = "<p>a page of its own</p>"


def bundle(public_path="./", base='new URL("./public", window.location.href).pathname'):
    return {
        "index.html": f"<script>window.remotion_staticBase = {base};</script>\n"
        f'<script>window.remotion_publicPath = "{public_path}";</script>\n',
        "bundle.js": "",
    }


def keys(folder, path="/sites/x/"):
    return [file.key for file in read_site(folder, "sites/x/", path)]


def test_all_files_are_taken_in_the_order_of_their_keys(site):
    folder = site({"index.html": PAGE, "b/c/d.png": "1234", "a.js": "", "node_modules/m/m.js": ""})
    files = read_site(folder, "sites/x/", "/")
    assert [(file.key, file.size_bytes) for file in files] == [
        ("sites/x/a.js", 0),
        ("sites/x/b/c/d.png", 4),
        ("sites/x/index.html", len(PAGE)),
        ("sites/x/node_modules/m/m.js", 0),
    ]
    assert files[1].path == folder / "b/c/d.png"


def test_names_with_a_dot_in_front_stay_where_they_are(site):
    folder = site({"index.html": PAGE, ".env": "SECRET=1", ".git/config": "", "a/.DS_Store": ""})
    os.symlink("nowhere", folder / ".broken")
    assert keys(folder) == ["sites/x/index.html"]


def test_links_to_files_are_followed(site, tmp_path):
    folder = site({"index.html": PAGE})
    (tmp_path / "film.mp4").write_bytes(b"12345")
    os.symlink(tmp_path / "film.mp4", folder / "film.mp4")
    assert [file.size_bytes for file in read_site(folder, "sites/x/", "/")] == [5, len(PAGE)]


def test_a_link_to_a_folder_is_refused(site, tmp_path):
    folder = site({"index.html": PAGE, "a/b.txt": ""})
    os.symlink(tmp_path, folder / "a/assets")
    with pytest.raises(SiteError, match="symbolic link to a directory at a/assets"):
        keys(folder)


def test_a_link_to_nothing_is_refused(site):
    folder = site({"index.html": PAGE})
    os.symlink("gone.png", folder / "logo.png")
    with pytest.raises(SiteError, match=r"logo\.png is a symbolic link to nothing"):
        keys(folder)


def test_what_is_no_file_is_refused(site):
    folder = site({"index.html": PAGE})
    os.mkfifo(folder / "pipe")
    with pytest.raises(SiteError, match="pipe is neither file nor directory"):
        keys(folder)


@pytest.mark.parametrize("name", [b"new\nline.png", b"bell\x07.png", b"latin\xe9.png"])
def test_a_name_that_no_bucket_takes_is_refused_by_name(site, name):
    folder = site({"index.html": PAGE})
    with open(os.path.join(os.fsencode(folder), name), "wb"):
        pass
    with pytest.raises(SiteError, match=r"the name '.*\.png' has characters") as caught:
        keys(folder)
    assert str(caught.value).encode().isascii()


def test_a_name_may_be_too_long(site):
    deep = "/".join(["é" * 100] * 5)
    with pytest.raises(SiteError, match="its key may have 1024 bytes and has 1113"):
        keys(site({"index.html": PAGE, f"{deep}/{'x' * 100}": ""}))


def test_names_that_urls_must_escape_are_kept_as_they_are(site):
    name = "été photo #1 & 100%.png"
    assert f"sites/x/{name}" in keys(site({"index.html": PAGE, name: ""}))


def test_a_folder_without_a_page_is_no_site(site):
    with pytest.raises(SiteError, match=r"does not contain an index\.html"):
        keys(site({"page.html": PAGE}))


def test_a_bundle_that_can_be_moved_works_everywhere(site):
    assert len(keys(site(bundle()), "/bucket/sites/x/")) == 2


@pytest.mark.parametrize("public_path", ["/sites/x/", "/sites/x"])
def test_a_bundle_for_this_very_place_works(site, public_path):
    assert len(keys(site(bundle(public_path, f'"{public_path}public"')))) == 2


@pytest.mark.parametrize(
    "files",
    [
        bundle("/", '"/public"'),
        bundle("/sites/other/", '"/sites/other/public"'),
        bundle("./", '"/./public"'),
        {"index.html": "<script>window.remotion_version = '3.0.0';</script>", "bundle.js": ""},
    ],
)
def test_a_bundle_for_another_place_is_refused(site, files):
    folder = site(files)
    with pytest.raises(SiteError) as caught:
        keys(folder)
    assert caught.value.message == (
        f"The bundle at {folder} is not relocatable. Rebuild it using Remotion v4.0.497 or newer."
    )
    assert "--public-path=/sites/x/" in str(caught.value)


def test_a_bundle_without_its_script_is_refused(site):
    files = bundle()
    del files["bundle.js"]
    with pytest.raises(SiteError, match=r"does not contain a bundle\.js file at its root"):
        keys(site(files))


def test_a_page_may_have_a_bundle_of_its_own(site):
    assert len(keys(site({"index.html": PAGE, "bundle.js": ""}))) == 2
