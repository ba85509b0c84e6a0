"""What may be given to be deployed."""

from __future__ import annotations

import os

import pytest

from framefleet.errors import SiteError
from framefleet.sites.sources import BuiltSite, RemotionProject, find_source


def test_a_folder_with_a_page_is_a_built_site(site):
    folder = site({"index.html": "<p>", "package.json": "{}"})
    assert find_source(folder) == BuiltSite(folder)
    assert find_source(str(folder / "index.html")) == BuiltSite(folder)


def test_a_folder_with_a_package_and_no_page_is_a_project(site):
    folder = site({"package.json": "{}", "src/index.ts": ""})
    assert find_source(folder) == RemotionProject(folder)


@pytest.mark.parametrize("name", ["index.ts", "video.tsx", "main.js", "main.jsx", "main.mjs"])
def test_a_script_is_the_entry_of_the_project_around_it(site, name):
    folder = site({"package.json": "{}", f"src/{name}": ""})
    entry = folder / "src" / name
    assert find_source(entry) == RemotionProject(folder, entry)


def test_an_entry_may_be_given_from_the_working_folder(site, monkeypatch):
    folder = site({"package.json": "{}", "src/index.ts": ""})
    monkeypatch.chdir(folder)
    assert find_source("src/index.ts") == RemotionProject(folder, folder / "src/index.ts")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nothing", "no such folder or file"),
        ("empty", "no index.html and no package.json"),
        ("page.html", "the page of a site is its index.html"),
        ("notes.txt", "it is no page and no script"),
        ("https://example.org/site", "on the web already"),
    ],
)
def test_anything_else_is_refused_with_what_to_give(site, monkeypatch, given, message):
    monkeypatch.chdir(site({"empty/x.txt": "", "page.html": "<p>", "notes.txt": ""}))
    with pytest.raises(SiteError, match=message) as caught:
        find_source(given)
    assert given in caught.value.message
    assert caught.value.context["hint"]


def test_a_link_to_a_folder_may_be_given(site, tmp_path):
    folder = site({"index.html": "<p>"})
    os.symlink(folder, tmp_path / "link")
    assert find_source(tmp_path / "link") == BuiltSite(folder)
