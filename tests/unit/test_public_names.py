"""What `import framefleet` offers."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import framefleet


@pytest.mark.parametrize("name", framefleet.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(framefleet, name)
    assert inspect.getdoc(value)
    if not isinstance(value, ModuleType):
        assert value.__name__ == name


def test_names_are_sorted_and_each_has_a_home():
    assert framefleet.__all__ == sorted(framefleet.__all__)
    assert {*framefleet._HOMES, *framefleet._MODULES} == set(framefleet.__all__)
    assert set(framefleet.__all__) <= set(dir(framefleet))


def test_synchronous_functions_are_those_of_aio():
    for name in (
        "get_compositions",
        "render_frames",
        "render_media",
        "render_still",
        "select_composition",
    ):
        blocking, asynchronous = getattr(framefleet, name), getattr(framefleet.aio, name)
        assert inspect.signature(blocking) == inspect.signature(asynchronous)


# They ask nobody, so that nobody has to wait.
PURE = {
    framefleet.aws: {
        *("estimate_price", "get_aws_client", "get_regions", "get_role_policy", "get_user_policy"),
        *("speculate_function_name", "asgi_webhook", "wsgi_webhook"),
        *("validate_webhook_signature", "validate_standard_webhook"),
    },
    framefleet.gcp: {"get_regions"},
}


@pytest.mark.parametrize("cloud", [framefleet.aws, framefleet.gcp])
def test_functions_of_a_cloud_are_there_for_those_who_wait_and_who_do_not(cloud):
    assert cloud.__all__ == sorted(cloud.__all__)
    functions = {name for name in cloud.__all__ if name.islower()}
    assert functions == {"aio", *PURE[cloud], *cloud.aio.__all__}
    for name in cloud.__all__:
        assert inspect.getdoc(getattr(cloud, name))
    for name in cloud.aio.__all__:
        blocking, asynchronous = getattr(cloud, name), getattr(cloud.aio, name)
        assert inspect.signature(blocking) == inspect.signature(asynchronous)


def test_the_clouds_load_neither_their_libraries_nor_ours_for_media():
    code = "import sys, framefleet.aws, framefleet.gcp; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "framefleet.gcp.aio" in loaded.split()
    assert not {"av", "numpy", "aiohttp", "boto3", "google.cloud", "rich"} & set(loaded.split())


def test_an_unknown_name_is_an_attribute_error():
    name = "render_film"
    with pytest.raises(AttributeError, match=name):
        getattr(framefleet, name)


def test_the_package_alone_loads_no_media_library():
    code = "import sys, framefleet.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "framefleet.cli.main" in loaded.split()
    assert not {"av", "numpy", "aiohttp", "anyio", "rich"} & set(loaded.split())
