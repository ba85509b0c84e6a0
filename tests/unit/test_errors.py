"""Errors cross processes and keep class, message and context."""

from __future__ import annotations

import errno
import json
import pickle

import pytest

from framefleet import errors
from framefleet.errors import (
    BY_CODE,
    DiskFullError,
    FramefleetError,
    OutputError,
    PageScriptError,
    StackFrame,
    root_error,
    writing,
)

ALL = sorted(BY_CODE.values(), key=lambda kind: kind.__name__)
CONTEXT = {"frame": 7, "url": "http://x/", "ratio": 0.5, "known": ["a", "b"]}


def defined() -> list[type[FramefleetError]]:
    def below(kind: type[FramefleetError]) -> list[type[FramefleetError]]:
        return [kind, *(found for sub in kind.__subclasses__() for found in below(sub))]

    return below(FramefleetError)


def test_every_class_has_a_code_of_its_own():
    assert len({kind.code for kind in defined()}) == len(defined())
    assert set(ALL) == set(defined())


def test_the_tree_at_the_top_of_the_module_names_every_class():
    assert errors.__doc__ is not None
    drawn = {word for word in errors.__doc__.split() if word.endswith("Error")}
    assert drawn == {kind.__name__ for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_pickle_keeps_class_message_and_context(kind):
    error = pickle.loads(pickle.dumps(kind("It broke: 7 of 9.", **CONTEXT)))
    assert (type(error), str(error), error.context) == (kind, "It broke: 7 of 9.", CONTEXT)


@pytest.mark.parametrize("kind", ALL)
def test_plain_values_keep_class_message_and_context(kind):
    error = FramefleetError.from_dict(kind("It broke: 7 of 9.", **CONTEXT).to_dict())
    assert (type(error), str(error), error.context) == (kind, "It broke: 7 of 9.", CONTEXT)


@pytest.mark.parametrize("kind", ALL)
def test_the_docstring_is_the_default_message(kind):
    assert str(kind()) == kind.__doc__
    assert str(pickle.loads(pickle.dumps(kind()))) == kind.__doc__


def test_plain_values_keep_where_a_script_threw():
    error = PageScriptError("It broke.")
    error.stack = (StackFrame("draw", "http://x/a.js", 7, 3),)
    again = FramefleetError.from_dict(json.loads(json.dumps(error.to_dict())))
    assert isinstance(again, PageScriptError)
    assert again.stack == error.stack


def test_an_unknown_code_is_a_plain_error():
    error = FramefleetError.from_dict({"code": "of a newer version", "message": "It broke."})
    assert (type(error), str(error), error.context) == (FramefleetError, "It broke.", {})


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.OptionError, ValueError),
        (errors.CompositionNotFoundError, LookupError),
        (errors.OutputError, OSError),
        (errors.DiskFullError, OSError),
    ],
)
def test_some_are_what_python_calls_them(kind, builtin):
    assert issubclass(kind, builtin)


def test_only_what_another_try_may_mend_is_retryable():
    assert {kind.__name__ for kind in ALL if kind.retryable} == {
        "PageRetryError",
        "BrowserStartError",
        "BrowserCrashedError",
        "FunctionThrottledError",
        "FunctionUnavailableError",
        "FunctionLostError",
        "WorkerLostError",
        "StorageUnavailableError",
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("only_if_full", [True, False])
def test_a_full_disk_has_a_class_of_its_own(number, only_if_full):
    with (
        pytest.raises(DiskFullError, match=r"out\.mp4 cannot be written"),
        writing("out.mp4", only_if_full=only_if_full),
    ):
        raise OSError(number, "no space")


def test_other_errors_of_the_system_say_what_was_written():
    with (
        pytest.raises(OutputError, match=r"out\.mp4 cannot be written: .*denied") as caught,
        writing("out.mp4"),
    ):
        raise PermissionError(errno.EACCES, "denied")
    assert type(caught.value) is OutputError


def test_blocks_that_do_more_than_write_let_other_errors_pass():
    with pytest.raises(ConnectionResetError), writing("a chunk", only_if_full=True):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_our_own_errors_are_not_translated_twice():
    with pytest.raises(errors.OutputExistsError, match=r"^there$"), writing("out.mp4"):
        raise errors.OutputExistsError("there")


def test_the_error_of_a_group_is_ours_and_not_one_that_followed_from_it():
    ours = DiskFullError("full")
    group = BaseExceptionGroup("of", [RuntimeError("broken"), BaseExceptionGroup("in", [ours])])
    assert root_error(group) is ours
    assert str(root_error(BaseExceptionGroup("of", [RuntimeError("broken")]))) == "broken"
