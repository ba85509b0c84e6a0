"""Which bucket the commands about sites mean, and how they run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from framefleet.cli import options as shared
from framefleet.domain.option import OUTPUT

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.progress import Display
    from framefleet.domain.destination import BucketAddress

T = TypeVar("T")

bucket_options = shared.together(
    shared.section_option(
        OUTPUT, "--force-bucket-name", metavar="BUCKET",
        help="The bucket: a name on S3, or gs://NAME. By default, and with gs:// alone, the "
             "region's own.",
    ),
    shared.section_option(
        OUTPUT, "--region", metavar="REGION",
        help="Of the bucket. By default REMOTION_AWS_REGION, AWS_REGION or us-east-1; of gs:// "
             "alone REMOTION_GCP_REGION or us-east1.",
    ),
    shared.section_option(
        OUTPUT, "--force-path-style", is_flag=True,
        help="Name S3 buckets in the path of requests, not in their host.",
    ),
)  # fmt: skip


def read_place(
    *, force_bucket_name: str | None, region: str | None, force_path_style: bool
) -> BucketAddress:
    """The bucket that these options mean; without a name it is the region's own.

    Raises:
        OptionError: they mean none.
    """
    from framefleet.domain.rules.buckets import read_address, read_forced_bucket
    from framefleet.settings import Settings

    cloud, name = read_forced_bucket(force_bucket_name)
    return read_address(
        cloud, name,
        region=region, regions=Settings.from_environment().regions,
        force_path_style=force_path_style,
    )  # fmt: skip


def run_stoppable(work: Callable[[Display], Awaitable[T]], *, stage: str, as_json: bool) -> T:
    """Do work that a signal ends; see `cli.running.run`."""
    from framefleet.cancellation import cancelled_by
    from framefleet.cli.running import run

    async def stoppable(display: Display, cancel: CancelSignal) -> T:
        async with cancelled_by(cancel):
            return await work(display)

    return run(stoppable, stage=stage, log_level="info", as_json=as_json)
