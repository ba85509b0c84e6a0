"""Where the files of a site are whose bundle wants to lie at the root of a host."""

from __future__ import annotations

import pytest

from framefleet.compositions.location import SiteLocation

STORE = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "source", [f"{STORE}/sites/film/bundle.js", f"{STORE}/sites/film/public/a%20b.mp4?x=1"]
)
def test_a_store_that_names_buckets_in_paths_has_them_below_one(source):
    site = SiteLocation.parse(f"{STORE}/remotionlambda-x/sites/film/index.html")
    assert site.source(source) == source.replace(STORE, f"{STORE}/remotionlambda-x")


@pytest.mark.parametrize(
    "source",
    [
        f"{STORE}/remotionlambda-x/sites/film/bundle.js",
        f"{STORE}/sites/filmed/bundle.js",
        f"{STORE}/sites/other/bundle.js",
        "http://127.0.0.1:9001/sites/film/bundle.js",
    ],
)
def test_what_is_not_of_the_site_is_where_it_says(source):
    assert (
        SiteLocation.parse(f"{STORE}/remotionlambda-x/sites/film/index.html").source(source)
        == source
    )


@pytest.mark.parametrize(
    "page",
    [
        "https://bucket.s3.us-east-1.amazonaws.com/sites/film/index.html",
        f"{STORE}/sites/film/index.html",
        f"{STORE}/repository/sites/film/index.html",
        f"{STORE}/remotionlambda-x/pages/film/index.html",
        f"{STORE}/remotionlambda-x/sites/film/more/index.html",
        STORE,
    ],
)
def test_other_sites_have_not_moved(page):
    assert SiteLocation.parse(page).moved is None
