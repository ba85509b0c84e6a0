"""Where outputs go: names, buckets, keys, and what is said of the objects there.

Texts: spec/serverless-wire.md 7 and serverless-api.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from framefleet.domain.codecs import CODEC_OF_EXTENSION
from framefleet.domain.destination import (
    BucketAddress,
    Cloud,
    Delivery,
    Destination,
    DownloadBehavior,
    KeptRender,
)
from framefleet.domain.expiry import DAYS_OF_DELETE_AFTER
from framefleet.domain.rules.buckets import (
    either,
    read_address,
    read_bucket,
    read_bucket_name,
    read_cloud,
    read_forced_bucket,
    read_key,
    read_region,
    read_s3_provider,
)
from framefleet.domain.rules.names import read_path
from framefleet.domain.rules.values import json_text, member
from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError, OptionTypeError

_STORAGE_CLASS = re.compile(r"[A-Z][A-Z0-9_]*")
_PICTURES = ("png", "jpg", "jpeg", "webp", "pdf")

Place = Path | Destination | KeptRender
Given = Mapping[str, Any]
Regions = Mapping[Cloud, str | None]


def read_place(output: Any, options: Given, *, regions: Regions) -> Place | None:
    """Where an output goes; None is the default file.

    Args:
        output: the argument of that name: a path, or an address `s3://bucket/key`.
        options: every one of `DestinationArguments`.
        regions: those of the environment, where the options name none.

    Raises:
        OptionError, OptionTypeError: as the reference has it; or options do not go together.
    """
    if options["out_name"] is not None or options["force_bucket_name"] is not None:
        if output is not None:
            raise OptionError(
                "output and outName are two places for the same file.",
                hint="Give output (-o) a path or an address such as s3://bucket/out.mp4, or give "
                "out_name (--out-name) and force_bucket_name (--force-bucket-name) to keep the "
                "render in a bucket under an id of its own.",
            )
        return _kept(options, regions)
    if isinstance(output, str) and "://" in output:
        return _destination(output, options, regions)
    path = read_path(output, "output")
    _refuse_for_files(options)
    return path


def read_separate_place(
    value: Any, options: Given, *, regions: Regions
) -> Path | Destination | None:
    """Where the sound goes that has a file of its own: a path, an address, or bucket and key.

    Raises:
        OptionError, OptionTypeError: it is none of these.
    """
    if isinstance(value, Mapping):
        place = _object_place(value, options, regions, _delivery(options, Privacy.PUBLIC))
    elif isinstance(value, str) and "://" in value:
        place = _destination(value, options, regions)
    else:
        return read_path(value, "separateAudioTo")
    if not sound_name(place):
        raise OptionTypeError(
            f"separateAudioTo names no file: {place}",
            hint="Give it a key with the name of a file, such as s3://bucket/sound.mp3.",
        )
    return place


def sound_name(place: Path | Destination | None) -> Path | None:
    """The name of a file of sound, which has to fit wherever it lies."""
    if isinstance(place, Destination):
        name = place.key.rpartition("/")[2]
        return Path(name) if name else None
    return place


def media_name(place: Place | None) -> Path | None:
    """What an output's name says of its format; None where it says nothing.

    Names of files and of renders have to fit; a key in a bucket may be anything, and says
    something only if it ends as media do.
    """
    if isinstance(place, KeptRender):
        if place.name is not None:
            return Path(place.name)
        return media_name(place.elsewhere)
    if isinstance(place, Destination):
        name = PurePosixPath(place.key).name if not place.key.endswith("/") else ""
        ending = name.rpartition(".")[2].lower()
        return Path(name) if ending in {*CODEC_OF_EXTENSION, *_PICTURES} else None
    return place


def read_privacy(value: Any, default: Privacy) -> Privacy:
    """Who may read the output.

    Raises:
        OptionError: it is none of the three.
    """
    if value is None:
        return default
    found = member(Privacy, value)
    if found is None:
        raise OptionError(
            'Privacy must be either "private" or "public" or "no-acl"',
            hint=f"Given: {json_text(value)}.",
        )
    return found


def read_download_behavior(value: Any) -> DownloadBehavior:
    """What browsers do with the output.

    Raises:
        OptionError, OptionTypeError: it is no such object.
    """
    if value is None:
        return DownloadBehavior()
    hint = 'Such as {"type": "download", "file_name": "video.mp4"}.'
    if not isinstance(value, Mapping):
        raise OptionTypeError("downloadBehavior must be null or an object", hint=hint)
    kind = value.get("type")
    if kind not in ("download", "play-in-browser"):
        raise OptionError(
            'Download behavior must be either "download" or "play-in-browser"',
            hint=f"Given: {json_text(kind)}.",
        )
    name = either(value, "file_name", "fileName")
    if kind == "play-in-browser":
        return DownloadBehavior()
    if name is not None and not isinstance(name, str):
        raise OptionTypeError(
            'If "downloadBehavior.type" is "download", then fileName must be "null" or a string',
            hint=hint,
        )
    return DownloadBehavior(is_download=True, file_name=name)


def read_delete_after(value: Any) -> str | None:
    """After which time a bucket deletes the render.

    Raises:
        OptionError, OptionTypeError: it is none of the times.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise OptionTypeError(f"Expected life cycle value to be a string, got {json_text(value)}")
    if value not in DAYS_OF_DELETE_AFTER:
        raise OptionError(
            f"Expected deleteAfter value to be one of {', '.join(DAYS_OF_DELETE_AFTER)}, "
            f"got {value}"
        )
    return value


def _kept(options: Given, regions: Regions) -> KeptRender:
    cloud, bucket = read_forced_bucket(options["force_bucket_name"])
    delivery = _delivery(options, Privacy.PUBLIC)
    name, elsewhere = options["out_name"], None
    if isinstance(name, Mapping):
        elsewhere, name = _object_place(name, options, regions, delivery), None
    elif options["s3_output_provider"] is not None:
        if options["force_bucket_name"] is None or name is None:
            missing = "--force-bucket-name" if name is not None else "--out-name"
            raise OptionError(f"Pass {missing} when using S3 output provider flags.")
        if cloud is not Cloud.S3:
            raise _no_provider()
        # As the reference's command line has it: the bucket at the provider, and the exact key.
        place = {"bucketName": bucket, "key": name}
        elsewhere, name, bucket = _object_place(place, options, regions, delivery), None, ""
    if name is not None:
        read_key(name)
    delete_after = read_delete_after(options["delete_after"])
    if delete_after and elsewhere:
        raise OptionError(
            "deleteAfter works by the key of a render, which an outName with a key of its own "
            "does not have.",
            hint="Give out_name (--out-name) as a name only, or leave out delete_after.",
        )
    home = read_address(
        cloud, bucket,
        region=options["region"], regions=regions, force_path_style=options["force_path_style"],
    )  # fmt: skip
    return KeptRender(
        home=replace(home, region=home.region or read_region(None, cloud)),
        name=name,
        elsewhere=elsewhere,
        delivery=delivery,
        delete_after=delete_after,
    )


def _object_place(
    value: Mapping[str, Any], options: Given, regions: Regions, delivery: Delivery
) -> Destination:
    unknown = value.keys() - {
        *("key", "bucketName", "bucket_name", "s3OutputProvider", "s3_output_provider")
    }
    if unknown:
        raise OptionTypeError(f"outName has no {', '.join(sorted(map(str, unknown)))}.")
    cloud, bucket = read_bucket(either(value, "bucket_name", "bucketName"))
    provider = either(value, "s3_output_provider", "s3OutputProvider")
    options = {**options, "s3_output_provider": provider or options["s3_output_provider"]}
    address = _address(cloud, bucket, options, regions)
    return Destination(bucket=address, key=read_key(value.get("key")), delivery=delivery)


def _destination(address: str, options: Given, regions: Regions) -> Destination:
    scheme, _, rest = address.partition("://")
    cloud = read_cloud(scheme, address)
    name, _, key = rest.partition("/")
    if options["delete_after"] is not None:
        raise OptionError(
            "deleteAfter works by the key of a render, which an address given as output does not "
            "have.",
            hint="Give out_name and force_bucket_name (--out-name, --force-bucket-name) instead of "
            "output.",
        )
    return Destination(
        bucket=_address(cloud, read_bucket_name(name, cloud=cloud), options, regions),
        key=read_key(key) if key else "",
        delivery=_delivery(options, Privacy.NO_ACL),
    )


def _address(cloud: Cloud, name: str, options: Given, regions: Regions) -> BucketAddress:
    provider = read_s3_provider(options["s3_output_provider"])
    if cloud is Cloud.GCS and provider is not None:
        raise _no_provider()
    return read_address(
        cloud, name,
        region=options["region"], regions=regions, provider=provider,
        force_path_style=options["force_path_style"],
    )  # fmt: skip


def _no_provider() -> OptionError:
    return OptionError("s3OutputProvider is of no use to a bucket of Google Cloud Storage.")


def _delivery(options: Given, privacy: Privacy) -> Delivery:
    storage_class = options["storage_class"]
    if storage_class is not None and (
        not isinstance(storage_class, str) or _STORAGE_CLASS.fullmatch(storage_class) is None
    ):
        raise OptionTypeError(
            f'"storageClass" must be the name of one, but got {json_text(storage_class)}',
            hint="Such as STANDARD_IA or GLACIER_IR on S3, NEARLINE on Google Cloud Storage.",
        )
    return Delivery(
        privacy=read_privacy(options["privacy"], privacy),
        download=read_download_behavior(options["download_behavior"]),
        storage_class=storage_class,
    )


def _refuse_for_files(options: Given) -> None:
    """Options of buckets mean nothing to a file on the disk, and are not ignored."""
    names = (
        *("privacy", "download_behavior", "storage_class", "delete_after"),
        *("s3_output_provider", "region", "force_path_style"),
    )
    given = [name for name in names if options[name] not in (None, False)]
    if given and not _is_remote(options.get("separate_audio_to")):
        raise OptionError(
            f"{given[0]} (--{given[0].replace('_', '-')}) is of outputs in a bucket, but this one "
            "is a file.",
            hint="Give output (-o) an address such as s3://bucket/out.mp4, or out_name "
            "(--out-name).",
        )


def _is_remote(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and "://" in value)
