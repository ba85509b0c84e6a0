"""What a deployment of a function may ask for, and the words that refuse other things."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.function_options import DeployFunctionArguments
from framefleet.domain.functions import (
    Architecture,
    BucketZip,
    Deployment,
    ImageCode,
    Vpc,
    ZipCode,
)
from framefleet.domain.rules.functions import read_deployment
from framefleet.errors import OptionError

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:latest"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:chromium:7"
INSIGHTS = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension-Arm64:5"
NO_LAYERS_IN_CHINA = (
    "customLayerArns must be specified when deploying to AWS China regions because Remotion-hosted "
    "Layers are not available in the aws-cn partition."
)


def read(region="us-east-1", image=IMAGE, **options):
    return read_deployment(
        complete(DeployFunctionArguments, options), region=region, image=image, version="1.2.3"
    )


def refused(region="us-east-1", image=IMAGE, **options):
    with pytest.raises(OptionError) as caught:
        read(region, image, **options)
    return caught.value


def test_without_options_everything_has_its_default():
    found = read()
    assert found == Deployment(
        version="1.2.3",
        memory_size_in_mb=2048,
        disk_size_in_mb=2048,
        timeout_in_seconds=120,
        code=ImageCode(uri=IMAGE),
        architecture=Architecture.ARM64,
        log_retention_days=14,
        role_arn=None,
        vpc=None,
    )
    assert found.name == "remotion-render-1-2-3-mem2048mb-disk2048mb-120sec"


def test_each_option_is_read():
    found = read(
        memory_size_in_mb=3009,
        disk_size_in_mb=10240,
        timeout_in_seconds=900,
        version="4.0.527",
        architecture="x86_64",
        image_uri="registry.local/framefleet",
        create_cloud_watch_log_group=True,
        cloud_watch_log_retention_period_in_days=3650,
        custom_role_arn="arn:aws:iam::123456789012:role/mine",
        vpc_subnet_ids="subnet-1, subnet-2,",
        vpc_security_group_ids="sg-1",
    )
    assert found == Deployment(
        version="4.0.527",
        memory_size_in_mb=3009,
        disk_size_in_mb=10240,
        timeout_in_seconds=900,
        code=ImageCode(uri="registry.local/framefleet"),
        architecture=Architecture.X86_64,
        log_retention_days=3650,
        role_arn="arn:aws:iam::123456789012:role/mine",
        vpc=Vpc(subnet_ids=("subnet-1", "subnet-2"), security_group_ids=("sg-1",)),
    )
    assert found.name == "remotion-render-4-0-527-mem3009mb-disk10240mb-900sec"


def test_nobody_need_keep_a_log():
    assert read(create_cloud_watch_log_group=False).log_retention_days is None


@pytest.mark.parametrize("value", [15, 900, 120.0])
def test_timeouts_at_the_borders_are_taken(value):
    assert read(timeout_in_seconds=value).timeout_in_seconds == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("120", "be a number, but got a string"),
        ([], "be a number, but got a object"),
        (True, "be a number, but got a boolean"),
        (math.nan, "not be NaN, but is"),
        (math.inf, "be finite, but is Infinity"),
        (14, "be between 15 and 900, but got 14"),
        (901, "be between 15 and 900, but got 901"),
        (15.5, "be an integer but got 15.5"),
    ],
)
def test_other_timeouts_are_refused(value, says):
    message = refused(timeout_in_seconds=value).message
    assert message == f"parameter 'timeoutInSeconds' must {says}"


@pytest.mark.parametrize("name", ["memory_size_in_mb", "disk_size_in_mb"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2048", "be a number, got a string"),
        (math.nan, "not be NaN, but is"),
        (-math.inf, "be finite, but is -Infinity"),
        (511, "be between 512 and 10240, but got 511"),
        (10241, "be between 512 and 10240, but got 10241"),
        (512.5, "be an integer but got 512.5"),
    ],
)
def test_other_sizes_are_refused(name, value, says):
    shown = {"memory_size_in_mb": "memorySizeInMb", "disk_size_in_mb": "diskSizeInMb"}[name]
    assert refused(**{name: value}).message == f"parameter '{shown}' must {says}"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("14", 'should be a number, got: "14"'),
        ({"a": 1}, 'should be a number, got: {"a":1}'),
        (math.nan, "must be an integer, but is NaN"),
        (math.inf, "must be finite, but is Infinity"),
        (1.5, "must be an integer, but is 1.5"),
        (0, "must be at least 1, but is 0"),
        (3651, "must be at most 3650, but is 3651"),
    ],
)
def test_other_retention_periods_are_refused(value, says):
    found = refused(cloud_watch_log_retention_period_in_days=value)
    assert found.message == f"CloudWatch retention period {says}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"custom_role_arn": 7},
            'A custom role ARN must either be "undefined" or a string, but instead got: 7',
        ),
        (
            {"runtime_preference": "comic"},
            "Invalid runtime preference comic. Must be one of default, apple-emojis, cjk",
        ),
        (
            {"vpc_subnet_ids": ["a"]},
            "parameter 'vpcSubnetIds' must either be 'undefined' or a comma-separated list of VPC "
            "subnet IDs string, but instead got: a",
        ),
        (
            {"vpc_security_group_ids": 5},
            "parameter 'vpcSecurityGroupIds' must either be 'undefined' or a comma-separated list "
            "of VPC security group IDs string, but instead got: 5",
        ),
        ({"architecture": "arm"}, '"architecture" must be one of arm64, x86_64, but is "arm"'),
        (
            {"version": "4 0"},
            '"version" must be that of a client, such as "4.0.527", but is "4 0"',
        ),
        ({"create_cloud_watch_log_group": "no"}, '"createCloudWatchLogGroup" must be a boolean'),
        ({"image_uri": "a b"}, '"imageUri" must be the URI of an image, but is "a b"'),
    ],
)
def test_values_of_the_wrong_kind_are_refused(options, message):
    assert refused(**options).message.startswith(message)


def test_half_a_network_is_none():
    for name in ("vpc_subnet_ids", "vpc_security_group_ids"):
        assert "go together" in refused(**{name: "x-1"}).message


def test_the_first_of_several_mistakes_is_told():
    sizes = {"memory_size_in_mb": 1, "timeout_in_seconds": 1, "disk_size_in_mb": 1}
    assert "memorySizeInMb" in refused(**sizes).message
    del sizes["memory_size_in_mb"]
    assert "timeoutInSeconds" in refused(**sizes).message


class TestImage:
    def test_an_option_comes_before_the_setting(self):
        assert read(image_uri="mine").code == ImageCode(uri="mine")

    def test_without_any_it_is_told_how_to_get_one(self):
        found = refused(image=None)
        assert found.message == "There is no image to make a function of."
        assert "docker/README.md" in str(found)
        assert "FRAMEFLEET_LAMBDA_IMAGE" in str(found)

    def test_lambda_takes_images_of_its_own_region(self):
        found = refused("eu-west-1")
        assert found.message == (
            f"The image {IMAGE} is in us-east-1, but the function is to be in eu-west-1: Lambda "
            "takes images of its own region only."
        )

    def test_one_of_china_is_known(self):
        image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/framefleet@sha256:00"
        assert read("cn-north-1", image).code == ImageCode(uri=image)

    @pytest.mark.parametrize(
        ("options", "name", "why"),
        [
            ({"runtime_preference": "cjk"}, "runtime_preference", "fonts are those of the image"),
            ({"custom_layer_arns": [LAYER]}, "custom_layer_arns", "Lambda gives it no layers"),
            (
                {"enable_lambda_insights": True},
                "enable_lambda_insights",
                "the extension has to be inside the image",
            ),
        ],
    )
    def test_what_means_something_for_archives_only_is_refused(self, options, name, why):
        message = refused(**options).message
        flag = f"--{name.replace('_', '-')}"
        assert message.startswith(f"{name} ({flag}) is of no use to a function that is a container")
        assert why in message

    def test_it_is_an_image_or_an_archive(self):
        assert "two ways to give the code" in refused(image_uri="a", code_zip="b.zip").message


class TestZip:
    def test_an_archive_comes_before_the_image_of_the_settings(self):
        found = read(code_zip="out/a.zip", custom_layer_arns=[LAYER, INSIGHTS])
        assert found.code == ZipCode(source=Path("out/a.zip"), layers=(LAYER, INSIGHTS))

    def test_it_may_lie_in_a_bucket(self):
        found = read(code_zip="s3://remotionlambda-x/zips/a.zip")
        assert found.code == ZipCode(source=BucketZip(bucket="remotionlambda-x", key="zips/a.zip"))
        assert refused(code_zip="s3://only").message.startswith("s3://only names no object")

    def test_insights_need_the_layer_of_aws(self):
        options = {"code_zip": "a.zip", "enable_lambda_insights": True}
        assert read(**options, custom_layer_arns=[INSIGHTS]).code.layers == (INSIGHTS,)
        for layers in (None, [LAYER]):
            found = refused(**options, custom_layer_arns=layers)
            assert "needs AWS's layer LambdaInsightsExtension" in found.message

    def test_fonts_of_the_reference_are_not_ours(self):
        found = refused(code_zip="a.zip", runtime_preference="apple-emojis")
        assert "framefleet has none" in found.message

    @pytest.mark.parametrize(
        ("layers", "message"),
        [
            ([], "customLayerArns must contain at least one Layer ARN."),
            (
                [LAYER + str(n) for n in range(6)],
                "Lambda functions support at most 5 Layers, including the Lambda Insights Layer.",
            ),
            ([LAYER, ""], "Each customLayerArns entry must be a non-empty string."),
            ([7], "Each customLayerArns entry must be a non-empty string."),
            (
                ["chromium:7"],
                "Invalid Lambda Layer version ARN: chromium:7. Expected arn:<partition>:lambda:"
                "<region>:<12-digit-account-id>:layer:<layer-name>:<numeric-version>.",
            ),
            (
                [LAYER.replace("aws:", "aws-cn:")],
                "The Layer arn:aws-cn:lambda:us-east-1:123456789012:layer:chromium:7 is in the "
                "partition aws-cn, but the function is to be in aws.",
            ),
            (
                [LAYER.replace("us-east-1", "us-east-2")],
                "The Layer arn:aws:lambda:us-east-2:123456789012:layer:chromium:7 is in us-east-2, "
                "but the function is to be in us-east-1: Lambda takes layers of its own region "
                "only.",
            ),
            ([LAYER, LAYER], f"Duplicate custom Layer ARN: {LAYER}."),
            ("layer", 'customLayerArns must be a list, but is "layer"'),
        ],
    )
    def test_other_layers_are_refused(self, layers, message):
        assert refused(code_zip="a.zip", custom_layer_arns=layers).message == message

    def test_fonts_and_layers_exclude_each_other(self):
        found = refused(code_zip="a.zip", custom_layer_arns=[LAYER], runtime_preference="cjk")
        assert found.message == (
            "customLayerArns cannot be combined with a non-default runtimePreference."
        )

    def test_china_has_layers_of_its_own_only(self):
        assert refused("cn-north-1", code_zip="a.zip").message == NO_LAYERS_IN_CHINA
        layer = "arn:aws-cn:lambda:cn-north-1:123456789012:layer:chromium:7"
        found = read("cn-north-1", code_zip="a.zip", custom_layer_arns=[layer])
        assert found.code.layers == (layer,)
