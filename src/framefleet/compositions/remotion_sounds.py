"""What a Remotion page says sounds in a frame, and the files it emits, in our terms."""

from __future__ import annotations

import base64
import re
from array import array
from fractions import Fraction
from typing import Any

from framefleet.compositions.site import OpenSite
from framefleet.compositions.stage import Artifact
from framefleet.domain.rules.destinations import read_download_behavior
from framefleet.domain.sound import FrameSounds, InlineSound, Sound
from framefleet.errors import PageScriptError

# The last runtime known to pass bytes on as text (spec/remotion-page-contract.md 4.8).
LAST_WITH_BYTES_AS_TEXT = (4, 0, 529)


def read_sounds(
    assets: list[dict[str, Any]], *, frame: int, fps: Fraction, site: OpenSite
) -> FrameSounds:
    """Read the audio, video and inline-audio assets of one frame.

    Raises:
        PageScriptError: an asset speaks of another frame: it was collected too early.
    """
    sounds, inline = [], []
    for asset in assets:
        if asset["type"] == "artifact":
            continue
        if asset["frame"] != frame:
            raise PageScriptError(
                f"The sound {asset['id']} of frame {asset['frame']} was still registered at frame "
                f"{frame}. This is a fault of the renderer: please report it."
            )
        if asset["type"] == "inline-audio":
            inline.append(_inline(asset))
        else:
            sounds.append(_sound(asset, fps, site))
    return FrameSounds(frame=frame, sounds=tuple(sounds), inline=tuple(inline))


def _sound(asset: dict[str, Any], fps: Fraction, site: OpenSite) -> Sound:
    rate = float(asset["playbackRate"])
    trim = asset.get("audioStartFrame") or 0
    # The trim counts frames of the media at its own speed, what follows frames of the composition.
    position = trim + (asset["mediaFrame"] - trim) * rate
    volume = float(asset["volume"])
    if asset.get("allowAmplificationDuringRender") is False:
        volume = min(volume, 1.0)
    return Sound(
        id=asset["id"],
        source=site.canonical(asset["src"]),
        media_time_s=float(position / fps),
        volume=volume,
        playback_rate=rate,
        tone_frequency=float(asset.get("toneFrequency") or 1.0),
        preserve_pitch=asset.get("preservePitch") is not False,
        stream_index=asset.get("audioStreamIndex") or 0,
    )


def _inline(asset: dict[str, Any]) -> InlineSound:
    return InlineSound(
        id=asset["id"],
        samples=array("h", asset["audio"]).tobytes(),
        tone_frequency=float(asset.get("toneFrequency") or 1.0),
    )


def read_artifacts(
    assets: list[dict[str, Any]], *, frame: int, picture: bytes | None, runtime: str
) -> tuple[Artifact, ...]:
    """Read the `<Artifact>`s of one frame; a thumbnail is the frame's own picture.

    Args:
        runtime: version of the page's Remotion.
    """
    found = []
    for asset in assets:
        if asset["type"] != "artifact":
            continue
        content = _content(asset, picture, runtime)
        if content is not None:
            download = asset.get("downloadBehavior")
            found.append(
                Artifact(
                    filename=asset["filename"],
                    content=content,
                    frame=frame,
                    download=read_download_behavior(download) if download else None,
                )
            )
    return tuple(found)


def _content(asset: dict[str, Any], picture: bytes | None, runtime: str) -> bytes | None:
    match asset["contentType"]:
        case "text":
            return str(asset["content"]).encode()
        case "binary":
            data = base64.b64decode(asset["content"])
            return data.decode("latin-1").encode() if _has_bytes_as_text(runtime) else data
        case "thumbnail":
            return picture
        case other:
            raise PageScriptError(f"The composition emits an artifact of unknown type {other!r}.")


def _has_bytes_as_text(runtime: str) -> bool:
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", runtime)
    return version is None or tuple(map(int, version.groups())) <= LAST_WITH_BYTES_AS_TEXT
