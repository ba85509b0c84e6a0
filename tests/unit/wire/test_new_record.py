"""The record of a render that has only just begun."""

from __future__ import annotations

from framefleet.wire.render_state import RenderState

LAUNCHED, TIMEOUT = 1_700_000_000_000, 1_700_000_120_000


def test_a_new_record_has_every_key_and_nothing_done():
    state = RenderState(
        cancellation_enabled=True, max_attempts=2, launched_ms=LAUNCHED, timeout_ms=TIMEOUT
    )
    assert state.to_dict() == {
        "cancellationEnabled": True,
        "chunks": [],
        "framesRendered": 0,
        "framesEncoded": 0,
        "combinedFrames": 0,
        "timeToCombine": None,
        "timeToEncode": None,
        "timeToRenderFrames": None,
        "lambdasInvoked": 0,
        "retries": [],
        "timings": [],
        "renderMetadata": None,
        "postRenderData": None,
        "errors": [],
        "fatalErrorTimestamp": None,
        "timeoutTimestamp": TIMEOUT,
        "functionLaunched": LAUNCHED,
        "serveUrlOpened": None,
        "compositionValidated": None,
        "receivedArtifact": [],
        "framesUploaded": 0,
        "uploadedSizeInBytes": 0,
        "separateAudio": None,
    }
