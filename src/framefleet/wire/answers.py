"""What a function answers: results and errors as JSON that every client can read.

Forms: spec/serverless-wire.md 1 to 5; the rules for JSON: spec/serverless-clients-rest.md 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any

from framefleet.domain.composition import Composition
from framefleet.errors import FramefleetError, FunctionError, PageScriptError, root_error

_JSON_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
# Braces, for the Python client looks for objects without regard to strings; and halves of
# surrogate pairs, which UTF-8 cannot say.
_ESCAPED = re.compile("[{}\ud800-\udfff]")
# Beyond it the digits of a double are not all its own.
_LARGEST_EXACT = 2**53


def start_answer(bucket: str, render_id: str) -> dict[str, Any]:
    """The answer to `start`."""
    return {"type": "success", "bucketName": bucket, "renderId": render_id}


def info_answer(version: str) -> dict[str, Any]:
    """The answer to `info`."""
    return {"type": "success", "version": version}


def compositions_answer(compositions: Iterable[Composition]) -> dict[str, Any]:
    """The answer to `compositions`."""
    return {"type": "success", "compositions": [found.to_dict() for found in compositions]}


def error_answer(error: BaseException) -> dict[str, Any]:
    """The answer of every routine that failed; of a group of errors, the one that began it.

    `failure` is for our own clients, who make the same error of it again.
    """
    cause = root_error(error) if isinstance(error, BaseExceptionGroup) else error
    answer: dict[str, Any] = {
        "type": "error",
        "message": _message(cause),
        "stack": error_stack(cause),
    }
    if isinstance(cause, FramefleetError):
        answer["failure"] = cause.to_dict()
    return answer


def answered_error(answer: Mapping[str, Any]) -> FramefleetError:
    """The error of an answer of type `error`, from a function of ours or from another."""
    failure = answer.get("failure")
    if isinstance(failure, Mapping):
        return FramefleetError.from_dict(dict(failure))
    return FunctionError(str(answer.get("message")), stack=str(answer.get("stack") or ""))


def error_stack(error: BaseException) -> str:
    """The stack of an error as JavaScript prints it, which clients show and parse.

    Spec/serverless-progress-costs.md 5. The calls of a page's script come first, then ours, the
    innermost first; ours are named by module, as paths of our machine are nobody's business.
    """
    head = f"{type(error).__name__}: {_message(error)}"
    script = error.stack if isinstance(error, PageScriptError) else ()
    lines = [_line(call.function, call.url, call.line, call.column) for call in script]
    ours = [_line(*call) for call in _calls(error.__traceback__)]
    return "\n".join([head, *lines, *reversed(ours)])


def encode_answer(value: Any) -> bytes:
    """JSON for every client, in UTF-8: braces in strings escaped, whole numbers without a point.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(_whole(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _JSON_STRING.sub(_escape, text).encode()


def _message(error: BaseException) -> str:
    # Hints speak of our own Python and command line; callers have other clients.
    text = error.message if isinstance(error, FramefleetError) else str(error)
    return text or type(error).__name__


def _line(function: str, file: str, line: int, column: int) -> str:
    return f"    at {function or '<anonymous>'} ({file}:{line}:{column})"


def _calls(trace: TracebackType | None) -> Iterator[tuple[str, str, int, int]]:
    """Function, module, line and column of each call, the outermost first."""
    while trace is not None:
        code = trace.tb_frame.f_code
        # An instruction has two bytes.
        positions = next(islice(code.co_positions(), trace.tb_lasti // 2, None))
        module = str(trace.tb_frame.f_globals.get("__name__", "python"))
        yield (
            code.co_name,
            f"{module.replace('.', '/')}.py",
            trace.tb_lineno,
            (positions[2] or 0) + 1,
        )
        trace = trace.tb_next


def _escape(found: re.Match[str]) -> str:
    return _ESCAPED.sub(lambda letter: f"\\u{ord(letter[0]):04x}", found[0])


def _whole(value: Any) -> Any:
    """Floats that are whole become integers: typed readers refuse 12.0."""
    match value:
        case float() if value.is_integer() and abs(value) <= _LARGEST_EXACT:
            return int(value)
        case Mapping():
            return {key: _whole(item) for key, item in value.items()}
        case list() | tuple():
            return [_whole(item) for item in value]
        case _:
            return value
