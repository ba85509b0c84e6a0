"""The process of a sandbox: its environment, its folder, its log, and what it has started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import anyio
from anyio.abc import Process

from framefleet.browser.process import remove_folder
from framefleet.testing.lambda_functions import LATEST, LambdaFunction
from framefleet.testing.lambda_options import LocalLambdaOptions
from framefleet.testing.lambda_processes import ProcessTree

_LOG_TAIL_BYTES = 4096


class RuntimeProcess:
    """A runtime in a session of its own, and everything it starts, until `aclose`.

    Args:
        folder: made at the start and removed at the end; HOME and TMPDIR lie in it.
        log: a file that gets what the processes print, and what Lambda itself adds.
    """

    def __init__(
        self, function: LambdaFunction, options: LocalLambdaOptions, *, folder: Path, log: Path
    ) -> None:
        self._function = function
        self._options = options
        self._folder = folder
        self._log = log
        self._log_mark = 0
        self._process: Process | None = None
        self._tree: ProcessTree | None = None

    async def start(self, port: int) -> None:
        """Start the runtime; its Runtime API listens at `port`."""
        for name in ("home", "tmp"):
            (self._folder / name).mkdir(parents=True)
        # Where the kernel can do it, the runtime does not outlive a server that is killed.
        setpriv = shutil.which("setpriv")
        dies_with_us = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with self._log.open("ab") as log:
            # Cancelled in between, nobody would know of the process.
            with anyio.CancelScope(shield=True):
                self._process = process = await anyio.open_process(
                    [*dies_with_us, *self._options.command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._task_root,
                    env=self._environment(port),
                    start_new_session=True,
                )
        # By the time that they are killed, the port may be another's; the folder is theirs alone.
        self._tree = ProcessTree(process.pid, variable=f"HOME={self._home}")

    async def wait(self) -> str:
        """Wait for its end; the answer says how it ended, as Lambda does."""
        assert self._process is not None
        return _exit_text(await self._process.wait())

    def freeze(self) -> None:
        """Stop all processes."""
        if self._tree is not None:
            self._tree.freeze()

    def thaw(self) -> None:
        """Let them go on."""
        if self._tree is not None:
            self._tree.thaw()

    def kill(self) -> None:
        """Send SIGKILL to all."""
        if self._tree is not None:
            self._tree.kill()

    def resident_bytes(self) -> int:
        """Memory that all hold together."""
        return self._tree.resident_bytes() if self._tree is not None else 0

    def print(self, *lines: str) -> None:
        """Add lines of Lambda's own to the log."""
        with self._log.open("ab") as log:
            log.write("".join(f"{line}\n" for line in lines).encode())

    def mark_log(self) -> None:
        """What is printed from now on belongs to a new invocation."""
        self._log_mark = self._log.stat().st_size

    def log_tail(self) -> bytes:
        """The last 4 kB of what the invocation has printed."""
        with self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_mark, size - _LOG_TAIL_BYTES))
            return log.read()

    async def aclose(self) -> None:
        """Kill all processes and remove the folder."""
        if self._process is not None and self._tree is not None:
            self._tree.kill()
            await self._process.wait()
            await self._tree.wait_until_gone()
        await remove_folder(self._folder)

    @property
    def _home(self) -> Path:
        return self._folder / "home"

    @property
    def _task_root(self) -> Path:
        return self._options.task_root or Path.cwd()

    def _environment(self, port: int) -> Mapping[str, str]:
        function, region = self._function, self._options.region
        environment = {
            **os.environ,
            **self._options.environment,
            **function.environment,
            "HOME": str(self._home),
            "TMPDIR": str(self._folder / "tmp"),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(self._task_root),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.stem,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }
        # Set, it makes runtimes and SDKs believe that they are on AWS itself.
        environment.pop("AWS_EXECUTION_ENV", None)
        return environment


def _exit_text(status: int) -> str:
    if status < 0:
        name = (signal.strsignal(-status) or f"signal {-status}").lower()
        return f"Runtime exited with error: signal: {name}"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    return "Runtime exited without providing a reason"
