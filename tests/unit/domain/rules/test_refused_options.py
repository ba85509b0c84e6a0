"""Every option of Remotion's is ours, has another name here, or is refused with a reason."""

from __future__ import annotations

import re

import pytest

from framefleet.domain.option import options_of
from framefleet.domain.options import (
    ChromiumArguments,
    MediaArguments,
    SequenceArguments,
    StillArguments,
)
from framefleet.domain.rules import REFUSED, REFUSED_FOR_BUCKETS, RENAMED, unknown_option
from framefleet.errors import OptionTypeError


def words(text: str) -> list[str]:
    return text.split()


# The arguments of renderMedia, renderFrames and renderStill, and of `chromiumOptions`, in
# @remotion/renderer 4.0.529.
API = words("""
    apiKey audioBitrate audioCodec binariesDirectory browserExecutable cancelSignal chromeMode
    chromiumOptions codec colorSpace composition compositionStart concurrency crf darkMode
    disableWebSecurity disallowParallelEncoding dumpBrowserLogs enableMultiProcessOnLinux
    encodingBufferSize encodingMaxRate enforceAudioTrack envVariables everyNthFrame ffmpegOverride
    forSeamlessAacConcatenation frame frameRange frames gl gopSize hardwareAcceleration headless
    ignoreCertificateErrors imageFormat imageSequencePattern inputProps isProduction jpegQuality
    licenseKey logLevel mediaCacheSizeInBytes metadata muted numberOfGifLoops
    offthreadVideoCacheSizeInBytes offthreadVideoThreads onArtifact onBrowserDownload onBrowserLog
    onDownload onFrameBuffer
    onFrameUpdate onProgress onStart output outputDir outputLocation overwrite pixelFormat port
    preferLossless proResProfile puppeteerInstance quality repro sampleRate scale separateAudioTo
    serveUrl timeoutInMilliseconds userAgent verbose videoBitrate x264Preset
""")
# The flags of `remotion render` and `remotion still`, 4.0.529.
FLAGS = words("""
    allow-html-in-canvas audio-bitrate audio-codec audio-latency-hint beep-on-finish
    binaries-directory browser browser-args browser-executable buffer-size bundle-cache chrome-mode
    codec color-space concurrency config cross-site-isolation crf dark-mode disable-ask-ai
    disable-git-source disable-headless disable-keyboard-shortcuts disable-web-security
    disallow-parallel-encoding duration enable-multiprocess-on-linux enforce-audio-track env-file
    every-nth-frame experimental-keep-audio-context-alive for-seamless-aac-concatenation fps frame
    frames gl gop hardware-acceleration height ignore-certificate-errors image-format
    image-sequence-pattern ipv4 is-production jpeg-quality license-key log max-rate
    media-cache-size-in-bytes metadata muted number-of-gif-loops number-of-shared-audio-tags
    offthreadvideo-cache-size-in-bytes offthreadvideo-video-threads output overwrite pixel-format
    port prefer-lossless props prores-profile public-dir public-license-key public-path repro rspack
    sample-rate scale separate-audio-to timeout user-agent video-bitrate webpack-poll width
    x264-preset
""")
ARGUMENTS = {
    *("site", "composition", "output", "chromium_options"),
    *("on_progress", "on_browser_log", "on_artifact", "cancel_signal"),
}
KNOWN = {
    name
    for arguments in (MediaArguments, SequenceArguments, StillArguments, ChromiumArguments)
    for name in options_of(arguments)
} | ARGUMENTS


def python_name(name: str) -> str:
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower().replace("-", "_")


@pytest.mark.parametrize("name", [*API, *FLAGS])
def test_no_option_of_remotion_is_dropped_in_silence(name):
    spelt = python_name(name)
    assert spelt in KNOWN or spelt in RENAMED or spelt in REFUSED


def test_what_is_refused_is_not_offered():
    assert not KNOWN & set(REFUSED)
    assert not KNOWN & set(RENAMED)
    assert not set(RENAMED) & set(REFUSED)


def test_other_names_lead_somewhere():
    for name in RENAMED.values():
        assert name.partition("=")[0] in KNOWN


@pytest.mark.parametrize("reason", [*REFUSED.values(), *REFUSED_FOR_BUCKETS.values()])
def test_reasons_are_half_a_sentence(reason):
    assert len(reason) > 15
    assert not reason.endswith(".")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("videoBitrate", 'There is no option "videoBitrate".', "Did you mean video_bitrate?"),
        ("proResProfile", 'There is no option "proResProfile".', "Did you mean prores_profile?"),
        ("x264Preset", 'There is no option "x264Preset".', "Did you mean x264_preset?"),
        ("--max-rate", 'There is no option "--max-rate".', "Did you mean encoding_max_rate?"),
        ("bitrate", 'There is no option "bitrate".', "Did you mean video_bitrate?"),
        ("onProgress", 'There is no option "onProgress".', "Did you mean on_progress?"),
        ("verbose", 'There is no option "verbose".', 'Did you mean log_level="verbose"?'),
        ("outputLocation", 'There is no option "outputLocation".', "Did you mean output?"),
        (
            "puppeteerInstance",
            'The option "puppeteerInstance" is not supported: browsers are started and ended by '
            "framefleet; its renders share none with others.",
            None,
        ),
    ],
)
def test_an_unknown_option_is_answered_with_what_is_meant(name, message, hint):
    error = unknown_option(name, [*options_of(MediaArguments), *ARGUMENTS])
    assert type(error) is OptionTypeError
    assert (error.message, error.context.get("hint")) == (message, hint)


def test_a_strange_option_is_answered_with_all_there_are():
    error = unknown_option("zzz", ["crf", "scale"])
    assert str(error) == 'There is no option "zzz". There are: crf, scale.'
