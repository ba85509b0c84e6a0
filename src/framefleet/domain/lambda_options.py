"""The options of renders on Lambda, as the tables of `domain.options`.

Names and defaults: spec/serverless-api.md 2 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from framefleet.domain.destination_options import (
    DeleteAfterOption,
    DownloadBehaviorOption,
    PathStyleOption,
    StorageClassOption,
)
from framefleet.domain.option import BROWSER, FLEET, OUTPUT, PAGE, PICTURE, Option
from framefleet.domain.options import (
    EncodingOptions,
    OverwriteOptions,
    PageArguments,
    PictureOptions,
    RangeOptions,
    Rate,
)
from framefleet.domain.stored import Privacy


class WebhookArguments(TypedDict, total=False):
    """`webhook`: who is told when a render ends."""

    url: str
    secret: str | None
    custom_data: Any


class FunctionPageArguments(PageArguments, total=False):
    """How a function looks at a site."""

    force_bucket_name: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="BUCKET",
            help="The bucket that keeps renders and long props; by default the region's own.",
        ),
    ]
    force_path_style: PathStyleOption
    offthread_video_threads: Annotated[
        int,
        Option(
            section=BROWSER,
            flag="--offthreadvideo-video-threads",
            metavar="N",
            help="Without effect: each stream of frames is decoded in a thread of its own.",
        ),
    ]
    media_cache_size_in_bytes: Annotated[
        int,
        Option(
            section=BROWSER,
            metavar="BYTES",
            help="Without effect: Chromium sizes the cache of @remotion/media itself.",
        ),
    ]


class FunctionRenderArguments(FunctionPageArguments, PictureOptions, total=False):
    """What media, sequences and stills on Lambda have in common."""

    force_width: Annotated[
        int, Option(section=PAGE, flag="--width", metavar="PX", help="Width in CSS pixels.")
    ]
    force_height: Annotated[
        int, Option(section=PAGE, flag="--height", metavar="PX", help="Height in CSS pixels.")
    ]
    force_fps: Annotated[
        Rate,
        Option(section=PAGE, flag="--fps", metavar="RATE", help="Frames per second: 30, 29.97."),
    ]
    force_duration_in_frames: Annotated[
        int, Option(section=PAGE, flag="--duration", metavar="FRAMES", help="Length in frames.")
    ]
    privacy: Annotated[
        str,
        Option(
            section=OUTPUT,
            default=Privacy.PUBLIC.value,
            metavar="WHO",
            choices=tuple(Privacy),
            help="Who may read the output: public, private, or no-acl (as the bucket has it).",
        ),
    ]
    download_behavior: DownloadBehaviorOption
    delete_after: DeleteAfterOption
    storage_class: StorageClassOption
    max_retries: Annotated[
        int,
        Option(
            section=FLEET,
            default=1,
            metavar="N",
            help="How often a chunk may be tried again after an error that may pass; of a still, "
            "how often its function may be called again.",
        ),
    ]
    license_key: Annotated[
        str,
        Option(section=FLEET, metavar="KEY", help="Without effect: nothing is reported to anyone."),
    ]
    is_production: Annotated[
        bool,
        Option(section=FLEET, metavar="BOOL", help="Without effect: nothing is reported."),
    ]


class FunctionOutNameArguments(TypedDict, total=False):
    """Where one file goes."""

    out_name: Annotated[
        str | Mapping[str, Any],
        Option(
            section=OUTPUT,
            metavar="NAME",
            help="The output's name below renders/ID/; by default out.mp4 or so. From Python also "
            '{"bucket_name": …, "key": …, "s3_output_provider": {…}} for an exact place.',
        ),
    ]


class SpreadArguments(OverwriteOptions, RangeOptions, total=False):
    """What is rendered of many frames, and how it is spread over functions."""

    frames_per_lambda: Annotated[
        int,
        Option(
            section=FLEET,
            metavar="N",
            help="Frames that a function renders, at least 5. By default 20 and more, as the "
            "length has it.",
        ),
    ]
    concurrency: Annotated[
        int,
        Option(
            section=FLEET,
            metavar="N",
            help="Functions that render, instead of --frames-per-lambda: 1 (the main function "
            "renders alone) to 200.",
        ),
    ]
    concurrency_per_lambda: Annotated[
        int | str,
        Option(
            section=FLEET,
            default=1,
            metavar="N|SHARE",
            help="Browsers in each function: a number, or a share of its cores such as 100%.",
        ),
    ]
    renderer_function_name: Annotated[
        str,
        Option(
            section=FLEET,
            metavar="NAME",
            help="Another function, of the same version, that renders the chunks.",
        ),
    ]
    webhook: Annotated[
        WebhookArguments,
        Option(
            section=FLEET,
            metavar="URL",
            help="An address that is told when the render ends; from Python "
            '{"url": …, "secret": …, "custom_data": …}.',
        ),
    ]
    enable_cancellation: Annotated[
        bool,
        Option(
            section=FLEET,
            default=False,
            help="Let cancel_render_on_lambda, or Ctrl-C in the terminal, end the render.",
        ),
    ]


class LambdaMediaArguments(
    FunctionRenderArguments,
    FunctionOutNameArguments,
    SpreadArguments,
    EncodingOptions,
    total=False,
):
    """The keyword arguments of `render_media_on_lambda`."""

    disable_shared_memory_capture: Annotated[
        bool,
        Option(
            section=PICTURE,
            default=False,
            help="Without effect: frames come over Chromium's pipe.",
        ),
    ]


class LambdaSequenceArguments(FunctionRenderArguments, SpreadArguments, total=False):
    """The keyword arguments of `render_frames_on_lambda`."""

    output_prefix: Annotated[
        str | Mapping[str, Any],
        Option(
            section=OUTPUT,
            metavar="PREFIX",
            help="What the pictures' keys start with; by default renders/ID/frames/. From Python "
            'also {"bucket_name": …, "key_prefix": …}.',
        ),
    ]
    image_sequence_pattern: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="PATTERN",
            help="Names of the pictures: [frame] and [ext] are filled in. By default "
            "element-[frame].[ext].",
        ),
    ]


class LambdaStillArguments(FunctionRenderArguments, FunctionOutNameArguments, total=False):
    """The keyword arguments of `render_still_on_lambda`."""

    frame: Annotated[
        int,
        Option(
            section=PICTURE,
            default=0,
            metavar="N",
            help="The frame, from 0; negative ones count from the end.",
        ),
    ]
