"""H.264 in which a picture that stays costs nothing: x264 encodes what moves, holds are skipped."""

from __future__ import annotations

from itertools import chain
from typing import Any

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from framefleet.domain.codecs import Codec
from framefleet.encoding.encoder_context import EncoderSetup
from framefleet.encoding.skip_picture import SkipPictures

# So many repeats of a picture x264 is shown, of which it encodes the first few. Without repeats
# ahead of it, it would not know that the picture stays and would spare bits on the one that is
# looked at longest: 50.9 dB for 53.9. With 20 it is 53.6.
SEEN_REPEATS = 20

# x264's own, where the caller sets none: the most frames from one key frame to the next.
_KEY_FRAME_DISTANCE = 250
_CODECS = (Codec.H264, Codec.H264_MKV, Codec.H264_TS)


def skips_holds(setup: EncoderSetup) -> bool:
    """Whether holds are worth trying: it is x264 at constant quality.

    A limit of the rate would have to hold over restarts of the encoder. What kind of stream it is,
    the encoder's own parameter sets tell.
    """
    options = setup.options
    return (
        options.codec in _CODECS
        and options.encoder == "libx264"
        and options.crf is not None
        and options.bitrate is options.max_rate is options.buffer_size is None
        and _key_frame_distance(setup) > SEEN_REPEATS
    )


def _key_frame_distance(setup: EncoderSetup) -> int:
    return setup.options.gop_size or _KEY_FRAME_DISTANCE


class HoldEncoder:
    """Encodes frames with x264 until one stays, then writes skip pictures until the next one.

    x264 does not start again once drained, so each stretch between two holds has a context of its
    own; it is released when the stretch ends.

    Args:
        parameter_sets: those in the head of the file, which every context must come up with.
    """

    def __init__(self, setup: EncoderSetup, parameter_sets: bytes) -> None:
        self._setup = setup
        self._parameter_sets = parameter_sets
        self._skips = SkipPictures.after(parameter_sets)
        self._context: VideoCodecContext | None = None
        self._repeats = 0
        # How many packets there were, and the last of their pictures in order of showing.
        self._packets, self._newest = 0, -1
        self._key_frame = 0
        self._held_key_frame: bytes | None = None

    def encode(self, frame: av.VideoFrame, *, is_repeat: bool) -> list[Packet[Any]]:
        """The packets that are ready after the next frame, in decoding order; their dts is open."""
        assert frame.pts is not None
        self._repeats = self._repeats + 1 if is_repeat else 0
        if not is_repeat:
            self._held_key_frame = None
        packets = []
        if self._skips and self._repeats > SEEN_REPEATS:
            packets = self._break_off(frame.pts - self._repeats)
            if self._skips.can_repeat:
                return packets + self._hold(frame, self._skips)
            # Never seen: x264 shows a reference last.
            self._skips = None
        if self._context is None:
            self._context = self._create()
        return packets + self._followed(self._context.encode(frame))

    def finish(self) -> list[Packet[Any]]:
        """The packets that x264 still holds back."""
        if self._context is None:
            return []
        packets = self._followed(self._context.encode(None))
        self._context = None
        return packets

    def _break_off(self, held: int) -> list[Packet[Any]]:
        """The packets up to the held picture, the `held`th frame, and as few more as possible.

        One repeat is encoded at least, which makes the picture better (48.3 for 46.2 dB where it
        was a key frame). The others that x264 has seen have done their service.
        """
        if self._context is None:
            return []
        packets = []
        for packet in self._context.encode_lazy(None):
            packets += self._followed([packet])
            is_gapless = self._packets == self._newest + 1
            if is_gapless and self._newest > held and self._skips and self._skips.can_repeat:
                break
        self._context = None
        return packets

    def _create(self) -> VideoCodecContext:
        context = self._setup.create()
        assert context.extradata == self._parameter_sets, "x264 has changed its parameter sets"
        return context

    def _followed(self, packets: list[Packet[Any]]) -> list[Packet[Any]]:
        for packet in packets:
            assert packet.pts is not None
            self._packets, self._newest = self._packets + 1, max(self._newest, packet.pts)
            if packet.is_keyframe:
                self._key_frame = packet.pts
            if self._skips:
                self._skips.follow(bytes(packet), packet.pts)
        return packets

    def _hold(self, frame: av.VideoFrame, skips: SkipPictures) -> list[Packet[Any]]:
        """The packets of a frame and of those just before it that repeat the newest one."""
        assert frame.pts is not None
        packets: list[Packet[Any]] = []
        for number in range(self._newest + 1, frame.pts + 1):
            is_key = number - self._key_frame >= _key_frame_distance(self._setup)
            if is_key and self._held_key_frame is None:
                self._held_key_frame = self._encode_key_frame(frame)
            packet: Packet[Any] = Packet(self._held_key_frame if is_key else skips.repeat())
            packet.is_keyframe = is_key
            packet.pts, packet.duration, packet.time_base = number, 1, 1 / self._setup.rate
            packets += self._followed([packet])
        return packets

    def _encode_key_frame(self, frame: av.VideoFrame) -> bytes:
        """A key frame as x264 would open a hold with; good for every further one in this hold.

        It is the second of its context: the first has the number that also opens the next stretch,
        and key frames that follow each other must differ in it (7.4.3, idr_pic_id).
        """
        context, shown = self._create(), frame.pts
        packets = []
        for number in range(SEEN_REPEATS + 2):
            frame.pts = number
            frame.pict_type = PictureType.I if number == 1 else PictureType.NONE
            packets += context.encode(frame)
        frame.pts = shown
        return next(
            bytes(packet) for packet in chain(packets, context.encode_lazy(None)) if packet.pts == 1
        )
