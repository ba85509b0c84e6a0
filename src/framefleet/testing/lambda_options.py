"""What a local Lambda is told: its options, and the faults a test may ask for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

MIB = 1 << 20

InvocationType = Literal["RequestResponse", "Event", "ResponseStream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An invocation that is about to happen, as the hook `on_invoke` sees it.

    `number` counts from 1 over all functions of the server, `attempt` over the attempts of one
    event (always 1 for the other types).
    """

    function_name: str
    type: InvocationType
    payload: bytes
    number: int
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An invocation that is over, as the hook `on_end` sees it.

    `error` is the service's word for a function that failed, None for one that has answered;
    `response` is the beginning of its answer.
    """

    function_name: str
    payload: bytes
    took_s: float
    error: str | None
    response: bytes


@dataclass(frozen=True, slots=True)
class Throttle:
    """Refuse with 429. An event is accepted, kept, and asked about again after the retry pause."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """Refuse with a status of the service's own; the function does not run.

    The first attempt of an event is refused to its client. A later one is kept like one that is
    throttled.
    """

    status: int = 500


@dataclass(frozen=True, slots=True)
class Delay:
    """Answer nothing, not even headers, and run nothing for this long. An event's 202 is prompt."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Kill:
    """Send SIGKILL to the sandbox this long after the event was handed to it, if it still works."""

    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Vanish:
    """Close the connection to the client, this long after the start. The function runs on."""

    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Deliver an event twice, at the same time. Other types do not know duplicates."""


Fault = Throttle | ServerError | Delay | Kill | Vanish | Duplicate


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLambdaOptions:
    """How a `LocalLambda` behaves. Sizes and limits are those of AWS unless a test wants others.

    Attributes:
        port: 0 takes a free one.
        region: of the functions' names (ARN) and of the sandboxes' `AWS_REGION`.
        concurrency_limit: invocations at work at one time; beyond, 429 or, for events, a wait.
        sync_request_bytes: largest payload of a synchronous or streaming invocation.
        event_request_bytes: largest payload of an event.
        buffered_response_bytes: largest response that is not streamed, or not asked for as stream.
        streamed_response_bytes: largest streamed response.
        command: argv that starts the runtime in a sandbox; its working directory is `task_root`.
        task_root: also the sandboxes' `LAMBDA_TASK_ROOT`; None is the current directory.
        environment: variables of all sandboxes, over those of this process. A function's own win.
        freeze: stop a sandbox's processes while it has no event, as Lambda does.
        memory_limit: kill a sandbox whose processes together hold more than its `MemorySize`.
        auto_create: a name `remotion-render-{version}-mem{M}mb-disk{D}mb-{T}sec` that does not
            exist is created when it is first used.
        event_retries: further attempts of an event that failed, 0 to 2. A function's own
            `MaximumRetryAttempts` wins; the reference's deployment sets 0, AWS's default is 2.
        event_retry_pause_s: before the first retry; twice as long before the second.
        init_timeout_s: until the runtime asks for its first event. AWS gives 10 s and then starts
            over at the invocation's expense; a machine with few cores may need longer.
        max_idle: frozen sandboxes to keep; the oldest beyond are ended.
        log_folder: gets a file for each sandbox, and keeps them; None: removed at the end.
        on_invoke: called before each invocation and each attempt of an event.
        on_end: called when one is over that ran.
    """

    host: str = "127.0.0.1"
    port: int = 0
    region: str = "us-east-1"
    account_id: str = "123456789012"
    concurrency_limit: int = 1000
    sync_request_bytes: int = 6 * MIB
    event_request_bytes: int = 1 * MIB
    # AWS allows the wrapping of a response 100 bytes more than the response itself.
    buffered_response_bytes: int = 6 * MIB + 100
    streamed_response_bytes: int = 200 * MIB
    command: Sequence[str] = (sys.executable, "-m", "framefleet.handlers.lambda_runtime")
    task_root: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    freeze: bool = True
    memory_limit: bool = False
    auto_create: bool = False
    event_retries: int = 0
    event_retry_pause_s: float = 60.0
    init_timeout_s: float = 60.0
    max_idle: int = 8
    log_folder: Path | None = None
    on_invoke: Callable[[Invocation], Fault | None] | None = None
    on_end: Callable[[Ended], None] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.event_retries <= 2:
            raise ValueError(f"event_retries is 0 to 2, not {self.event_retries}")
        if self.concurrency_limit < 1:
            raise ValueError(f"concurrency_limit is 1 or more, not {self.concurrency_limit}")
