"""What the commands for renders on Lambda make of their arguments, before AWS is asked."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from framefleet.cli.cloud_lambda.compositions import composition_lines
from framefleet.cli.cloud_lambda.lookup import only_function, unusual_name
from framefleet.cli.cloud_lambda.render_options import (
    choose_codec,
    choose_image_format,
    provider_of,
    render_arguments,
    with_provider_keys,
)
from framefleet.cli.main import cli, main
from framefleet.domain.lambda_options import (
    FunctionPageArguments,
    LambdaMediaArguments,
    LambdaStillArguments,
)
from framefleet.domain.option import options_of
from framefleet.domain.options import ChromiumArguments
from framefleet.errors import FunctionNotFoundError, OptionError, OptionTypeError

OURS = f"remotion-render-{version('framefleet').replace('.', '-')}-mem2048mb-disk2048mb"
FIRST, SECOND = f"{OURS}-120sec", f"{OURS}-240sec"
OTHER = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
TABLES = {
    "render": LambdaMediaArguments,
    "still": LambdaStillArguments,
    "compositions": FunctionPageArguments,
}


class TestLookup:
    @pytest.mark.parametrize("found", [[FIRST], [OTHER, FIRST]])
    def test_the_only_one_of_this_version_is_meant(self, found):
        assert only_function(found) == FIRST

    @pytest.mark.parametrize(
        ("found", "others"),
        [
            ([], ""),
            (
                [OTHER],
                "Other functions were found, but are not compatible with this version of the "
                "CLI.\n",
            ),
        ],
    )
    def test_there_may_be_none(self, found, others):
        with pytest.raises(FunctionNotFoundError) as caught:
            only_function(found)
        assert str(caught.value) == (
            f"No Lambda functions with version {version('framefleet')} found in your account.\n"
            f"{others}Run\n"
            "  framefleet lambda functions deploy\n"
            "to deploy a new Lambda function."
        )

    def test_there_may_be_several(self):
        with pytest.raises(OptionError) as caught:
            only_function([FIRST, OTHER, SECOND])
        first, *_, listed, last = str(caught.value).splitlines()
        assert first == (
            "More than 1 lambda function found in your account. Unsure which one to use."
        )
        assert [listed, last] == [f"  {FIRST}", f"  {SECOND}"]

    def test_another_name_is_warned_of(self):
        lines = unusual_name("mine", [FIRST]).splitlines()
        expected = f"{OURS[: OURS.index('-mem')]}-mem{{memory}}mb-disk{{disk}}mb-{{timeout}}sec"
        assert lines == [
            'The name passed to --function-name "mine" does not match the naming convention this '
            f"version of the CLI expects: {expected}.",
            "Remotion relies on the naming to determine function information. This is an "
            "unsupported workflow.",
            "The following functions were found:",
            f"  {FIRST}",
        ]
        assert unusual_name("mine", []).splitlines() == lines[:2]


@pytest.mark.parametrize(
    ("given", "target", "codec", "reason"),
    [
        ({}, None, "h264", "default"),
        ({"codec": "vp8"}, None, "vp8", "from --codec"),
        ({}, "film.webm", "vp8", "derived from the output's name"),
        ({"out_name": "a/film.gif"}, None, "gif", "derived from --out-name"),
        ({"out_name": "film.gif"}, "film.mp3", "mp3", "derived from the output's name"),
        ({"out_name": {"key": "film.mov"}}, None, "prores", "derived from --out-name"),
        ({"codec": "h264-mkv"}, "film.mkv", "h264-mkv", "from --codec"),
        ({"out_name": "film"}, None, "h264", "default"),
    ],
)
def test_the_codec_goes_by_the_names(given, target, codec, reason):
    assert choose_codec(given, Path(target) if target else None) == (codec, reason)


@pytest.mark.parametrize(
    ("given", "target", "says"),
    [
        ({"codec": "h264"}, "film.webm", "When using the h264 codec, the output filename must end"),
        ({}, "film.txt", "When using the h264 codec, the output filename must end in .mp4."),
        ({"codec": "foo"}, None, 'Got unexpected codec "foo"'),
    ],
)
def test_a_codec_goes_with_the_file(given, target, says):
    with pytest.raises(OptionTypeError, match=says):
        choose_codec(given, Path(target) if target else None)


@pytest.mark.parametrize(
    ("given", "target", "image_format", "reason"),
    [
        ({}, None, "png", "default"),
        ({"image_format": "webp"}, None, "webp", "from --image-format"),
        ({}, "a.jpg", "jpeg", "derived from the output's name"),
        ({"out_name": "a.pdf"}, None, "pdf", "derived from --out-name"),
    ],
)
def test_the_format_of_a_still_goes_by_the_names(given, target, image_format, reason):
    found = choose_image_format(given, Path(target) if target else None)
    assert found == (image_format, reason)


def test_a_format_goes_with_the_file():
    with pytest.raises(OptionTypeError, match="Image format mismatch"):
        choose_image_format({"image_format": "png"}, Path("a.jpg"))


@pytest.mark.parametrize("keys", [None, ("key", "secret")])
def test_another_store_gets_its_own_credentials(keys, monkeypatch):
    for name, value in zip(("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"), keys or (), strict=False):
        monkeypatch.setenv(f"REMOTION_S3_OUTPUT_PROVIDER_{name}", value)
    provider = {"endpoint": "https://store"}
    out_name = {"bucket_name": "b", "key": "k", "s3_output_provider": provider}
    signed = {"access_key_id": "key", "secret_access_key": "secret"} if keys else {}
    given = with_provider_keys({"out_name": out_name})
    assert given == {"out_name": {**out_name, "s3_output_provider": {**provider, **signed}}}
    assert provider_of(given) == {**provider, **signed}
    assert with_provider_keys({"out_name": "name"}) == {"out_name": "name"}


def test_a_webhook_is_one_argument_of_the_api(tmp_path):
    file = tmp_path / "data.json"
    file.write_text('["from a file"]')
    url = "https://example.com/hook"
    assert render_arguments({"webhook": url}) == {"webhook": {"url": url}}
    for text, data in (('{"a": 1}', {"a": 1}), (str(file), ["from a file"])):
        options = {"webhook": url, "webhook_secret": "s", "webhook_custom_data": text}
        assert render_arguments(options) == {
            "webhook": {"url": url, "secret": "s", "custom_data": data}
        }


def test_another_store_makes_an_exact_place_of_the_name():
    options = {
        "s3_output_provider_endpoint": "https://store",
        "s3_output_provider_force_path_style": True,
        "force_bucket_name": "theirs",
        "out_name": "a/film.mp4",
        "crf": None,
    }
    assert render_arguments(options) == {
        "out_name": {
            "bucket_name": "theirs",
            "key": "a/film.mp4",
            "s3_output_provider": {"endpoint": "https://store", "force_path_style": True},
        }
    }


def test_compositions_stand_in_columns():
    def composition(name, frames, fps=30):
        return {
            "id": name, "durationInFrames": frames, "fps": fps, "width": 1920, "height": 1080,
        }  # fmt: skip

    assert composition_lines(
        [composition("film", 90), composition("a-longer-one", 1), composition("x", 100, 29.97)]
    ) == [
        "film            30      1920x1080      90 (3.00 sec)",
        "a-longer-one            1920x1080      Still",
        "x               29.97   1920x1080      100 (3.34 sec)",
    ]
    assert composition_lines([]) == []


STORE = "--s3-output-provider-endpoint=https://store"
MISTAKES = [
    (["render"], "No serve URL passed.\nPass an additional argument specifying a URL where your "
     "Remotion project is hosted."),
    (["still"], "No serve URL passed."),
    (["compositions"], "No serve URL passed."),
    (["render", "site"], "Passing the shorthand serve URL without composition name is currently "
     "not supported."),
    (["render", "site", "film", "--frames=1,4-5"], "Comma-separated frame selections are only "
     "supported by the local `framefleet render` command. Pass one frame range to render a video "
     "on Lambda."),
    (["render", "site", "film", "--s3-output-provider-region=eu-west-1"],
     "Pass --s3-output-provider-endpoint when using S3 output provider flags."),
    (["render", "site", "film", STORE, "--out-name=a"],
     "Pass --force-bucket-name when using S3 output provider flags."),
    (["still", "site", "film", STORE, "--force-bucket-name=a"],
     "Pass --out-name when using S3 output provider flags."),
    (["render", "site", "film", "--webhook=https://w", "--webhook-custom-data={a"],
     "You passed --webhook-custom-data but it was neither valid JSON nor a file path to a valid "
     "JSON file. Provided value: {a"),
    (["render", "site", "film", "--webhook-secret=s"], "--webhook-secret needs --webhook."),
    (["render", "site", "film", "--browser-executable=x"], 'The option "--browser-executable" is '
     "not supported: functions bring their own Chromium."),
    (["still", "site", "film", "--env-file=x"], 'The option "--env-file" is not supported: give '
     "the variables themselves: env_variables (--env)."),
    (["compositions", "site", "--config=x"], 'The option "--config" is not supported: there is no '
     "configuration file"),
    (["render", "site", "film", "--binaries-directory=x"], "is not supported: frames and sound"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), MISTAKES)
def test_what_cannot_be_meant_is_told_at_once(arguments, says, capsys):
    assert main(["lambda", *arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert json.loads(out)["error"]["code"] in ("invalid_option", "option_type")


@pytest.mark.parametrize("command", TABLES)
def test_the_commands_have_every_option_of_the_api(command):
    group = cli.commands["lambda"]
    assert isinstance(group, click.Group)
    parameters = {each.name: each.opts for each in group.commands[command].params}
    for name, option in {**options_of(TABLES[command]), **options_of(ChromiumArguments)}.items():
        assert parameters[name] == (option.flag or f"--{name.replace('_', '-')}").split()
