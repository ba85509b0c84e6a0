"""Pictures as Chromium writes them, decoded in process."""

from __future__ import annotations

from av import CodecContext, Packet, VideoCodecContext, VideoFrame
from av.error import FFmpegError

from framefleet.domain.output import ImageFormat
from framefleet.errors import EncodingError

_DECODERS = {ImageFormat.JPEG: "mjpeg", ImageFormat.PNG: "png"}


class PictureDecoder:
    """Decodes one picture after the other, all of one format."""

    def __init__(self, image_format: ImageFormat) -> None:
        self._format = image_format
        codec = CodecContext.create(_DECODERS[image_format], "r")
        assert isinstance(codec, VideoCodecContext)
        self._codec = codec
        self._codec.thread_count = 1

    def decode(self, picture: bytes) -> VideoFrame:
        """The picture as a frame in its own pixel format (JPEG: full-range 4:2:0; PNG: RGBA).

        Raises:
            EncodingError: the bytes are no whole picture.
        """
        packet = Packet(picture)
        # Without the mark FFmpeg takes a PNG for the difference to the one before.
        packet.is_keyframe = True
        try:
            frames = self._codec.decode(packet)
        except FFmpegError as exc:
            raise EncodingError(
                f"Chromium's {self._format} picture ({len(picture)} bytes) is no picture: {exc}"
            ) from exc
        if len(frames) != 1:
            raise EncodingError(f"Chromium's {self._format} picture holds {len(frames)} frames.")
        return frames[0]
