"""The code of functions of AWS Lambda: an image, or an archive with layers.

Texts: spec/serverless-api.md 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framefleet.domain.functions import BucketZip, ImageCode, RuntimePreference, ZipCode
from framefleet.domain.rules.names import read_flag, read_needed_path
from framefleet.domain.rules.values import is_list, json_text, member, text
from framefleet.errors import OptionError, OptionTypeError

_MOST_LAYERS = 5
_LAYER = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):[0-9]{12}:layer:"
    r"(?P<name>[a-zA-Z0-9_-]+):[0-9]+"
)
_INSIGHTS_LAYER = "LambdaInsightsExtension"
_INSIGHTS_LIST = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
    "Lambda-Insights-extension-versions.html"
)
_ECR_IMAGE = re.compile(r"[0-9]{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/\S+")
_BUCKET_ZIP = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")
_HOW_TO_BUILD = (
    "Build the image and push it to a registry of the region (docker/README.md has the commands), "
    "then give image_uri (--image-uri) or set FRAMEFLEET_LAMBDA_IMAGE."
)


def read_code(options: Mapping[str, Any], *, region: str, image: str | None) -> ImageCode | ZipCode:
    """What a function is made of.

    Args:
        options: every one of `DeployFunctionArguments`.
        image: what it is made of unless they say so.

    Raises:
        OptionError: it is not told, or cannot be used.
    """
    preference = read_runtime_preference(options["runtime_preference"])
    insights = read_flag(options["enable_lambda_insights"], "enableLambdaInsights")
    layers, archive = options["custom_layer_arns"], options["code_zip"]
    if archive is None:
        uri = options["image_uri"] if options["image_uri"] is not None else image
        if uri is None:
            raise OptionError("There is no image to make a function of.", hint=_HOW_TO_BUILD)
        _refuse_for_images(preference, layers, insights)
        return read_image(uri, region=region)
    if options["image_uri"] is not None:
        raise OptionError(
            "image_uri (--image-uri) and code_zip (--code-zip) are two ways to give the code.",
            hint="Leave one of them out.",
        )
    if layers is not None and preference is not RuntimePreference.DEFAULT:
        raise OptionError(
            "customLayerArns cannot be combined with a non-default runtimePreference."
        )
    found = read_layers(layers, region=region)
    _check_zip(preference, found, insights)
    return ZipCode(source=_archive(archive), layers=found)


def read_runtime_preference(value: Any) -> RuntimePreference:
    """The fonts of the reference's layers; raises OptionTypeError."""
    found = member(RuntimePreference, value)
    if found is None:
        raise OptionTypeError(
            f"Invalid runtime preference {text(value)}. Must be one of "
            f"{', '.join(RuntimePreference)}"
        )
    return found


def read_layers(value: Any, *, region: str) -> tuple[str, ...]:
    """The ARNs of the layers of a zip function; None is none.

    Raises:
        OptionError: there cannot be such layers in the region.
    """
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    if value is None:
        if partition == "aws-cn":
            raise OptionError(
                "customLayerArns must be specified when deploying to AWS China regions because "
                "Remotion-hosted Layers are not available in the aws-cn partition."
            )
        return ()
    if not is_list(value):
        raise OptionTypeError(f"customLayerArns must be a list, but is {json_text(value)}")
    if not value:
        raise OptionError("customLayerArns must contain at least one Layer ARN.")
    if len(value) > _MOST_LAYERS:
        raise OptionError(
            f"Lambda functions support at most {_MOST_LAYERS} Layers, including the Lambda "
            "Insights Layer."
        )
    layers: list[str] = []
    for arn in value:
        _check_layer(arn, partition, region)
        if arn in layers:
            raise OptionError(f"Duplicate custom Layer ARN: {arn}.")
        layers.append(arn)
    return tuple(layers)


def read_image(value: Any, *, region: str) -> ImageCode:
    """A container image, which may be in another registry than Amazon's where Lambda is another.

    Raises:
        OptionError, OptionTypeError: it names none, or one of another region.
    """
    if not isinstance(value, str) or not value or re.search(r"\s", value):
        raise OptionTypeError(
            f'"imageUri" must be the URI of an image, but is {json_text(value)}',
            hint="Such as 123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:latest.",
        )
    found = _ECR_IMAGE.fullmatch(value)
    if found is not None and found["region"] != region:
        raise OptionError(
            f"The image {value} is in {found['region']}, but the function is to be in {region}: "
            "Lambda takes images of its own region only.",
            hint=f"Push it to a registry in {region} (docker/README.md has the commands).",
        )
    return ImageCode(uri=value)


def _refuse_for_images(preference: RuntimePreference, layers: Any, insights: bool) -> None:
    start = "is of no use to a function that is a container image:"
    if preference is not RuntimePreference.DEFAULT:
        raise OptionError(
            f"runtime_preference (--runtime-preference) {start} its fonts are those of the image.",
            hint="Build the image with others: docker/README.md.",
        )
    if layers is not None:
        raise OptionError(
            f"custom_layer_arns (--custom-layer-arns) {start} Lambda gives it no layers.",
            hint="Put their files into the image.",
        )
    if insights:
        raise OptionError(
            f"enable_lambda_insights (--enable-lambda-insights) {start} the extension has to be "
            "inside the image.",
            hint="Install it in an image of your own that starts from ours.",
        )


def _check_zip(preference: RuntimePreference, layers: tuple[str, ...], insights: bool) -> None:
    if preference is not RuntimePreference.DEFAULT:
        raise OptionError(
            "runtime_preference (--runtime-preference) chooses among layers of the reference, and "
            "framefleet has none.",
            hint="Put the fonts into a layer of your own: custom_layer_arns.",
        )
    if insights and not any(f":layer:{_INSIGHTS_LAYER}" in arn for arn in layers):
        raise OptionError(
            "enable_lambda_insights (--enable-lambda-insights) needs AWS's layer "
            f"{_INSIGHTS_LAYER} of the region among custom_layer_arns.",
            hint=f"Its newest versions are listed at {_INSIGHTS_LIST}.",
        )


def _archive(value: Any) -> Path | BucketZip:
    if isinstance(value, str) and value.startswith("s3:"):
        found = _BUCKET_ZIP.fullmatch(value)
        if found is None:
            raise OptionError(f"{value} names no object: s3://BUCKET/KEY does.")
        return BucketZip(bucket=found["bucket"], key=found["key"])
    return read_needed_path(value, "codeZip")


def _check_layer(arn: Any, partition: str, region: str) -> None:
    if not isinstance(arn, str) or not arn:
        raise OptionTypeError("Each customLayerArns entry must be a non-empty string.")
    found = _LAYER.fullmatch(arn)
    if found is None:
        raise OptionError(
            f"Invalid Lambda Layer version ARN: {arn}. Expected arn:<partition>:lambda:<region>:"
            "<12-digit-account-id>:layer:<layer-name>:<numeric-version>."
        )
    if found["partition"] != partition:
        raise OptionError(
            f"The Layer {arn} is in the partition {found['partition']}, but the function is to be "
            f"in {partition}."
        )
    if found["region"] != region:
        raise OptionError(
            f"The Layer {arn} is in {found['region']}, but the function is to be in {region}: "
            "Lambda takes layers of its own region only."
        )
