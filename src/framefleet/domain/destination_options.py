"""The options of outputs in buckets, as the other tables of `domain.options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from framefleet.domain.expiry import DAYS_OF_DELETE_AFTER
from framefleet.domain.option import OUTPUT, Option
from framefleet.domain.stored import Privacy

DownloadBehaviorOption = Annotated[
    Mapping[str, Any],
    Option(
        section=OUTPUT,
        metavar="WHAT",
        help="What browsers do with an output in a bucket: play-in-browser, download or "
        'download:NAME. From Python {"type": "download", "file_name": …}. By default '
        "play-in-browser.",
    ),
]
StorageClassOption = Annotated[
    str,
    Option(
        section=OUTPUT,
        metavar="CLASS",
        help="How a bucket keeps the output, such as STANDARD_IA.",
    ),
]
DeleteAfterOption = Annotated[
    str,
    Option(
        section=OUTPUT,
        metavar="TIME",
        choices=tuple(DAYS_OF_DELETE_AFTER),
        help=f"Have the bucket delete a kept render: {', '.join(DAYS_OF_DELETE_AFTER)}.",
    ),
]
PathStyleOption = Annotated[
    bool,
    Option(
        section=OUTPUT,
        default=False,
        help="Name S3 buckets in the path of requests, not in their host.",
    ),
]


class S3ProviderArguments(TypedDict, total=False):
    """`s3_output_provider`: another store that speaks S3, and its credentials."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str
    force_path_style: bool


class DestinationArguments(TypedDict, total=False):
    """Where in a cloud an output goes, and what is said of it there."""

    out_name: Annotated[
        str | Mapping[str, Any],
        Option(
            section=OUTPUT,
            metavar="NAME",
            help="Keep the render in a bucket, as renders/ID/NAME. From Python also "
            '{"bucket_name": …, "key": …, "s3_output_provider": {…}} for an exact place.',
        ),
    ]
    force_bucket_name: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="BUCKET",
            help="The bucket that keeps the render: a name on S3, or gs://NAME. By default, and "
            "with gs:// alone, the region's own, which is made if there is none.",
        ),
    ]
    region: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="REGION",
            help="Of the bucket. By default REMOTION_AWS_REGION, AWS_REGION or us-east-1; of "
            "gs:// alone REMOTION_GCP_REGION or us-east1.",
        ),
    ]
    privacy: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="WHO",
            choices=tuple(Privacy),
            help="Who may read an output in a bucket: public, private, or no-acl (as the bucket "
            "has it). By default no-acl at s3:// and gs:// addresses, public with --out-name.",
        ),
    ]
    download_behavior: DownloadBehaviorOption
    storage_class: StorageClassOption
    delete_after: DeleteAfterOption
    force_path_style: PathStyleOption
    s3_output_provider: S3ProviderArguments
