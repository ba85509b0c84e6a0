"""Log lines of functions: what they are about first, then the event and its fields."""

from __future__ import annotations

import logging

from framefleet.routines.call import log_label

_KNOWN = frozenset(logging.makeLogRecord({}).__dict__) | {"aws_request_id", "tenant_id", "message"}


class CallFilter(logging.Filter):
    """Writes label and fields into the message; it is for handlers whose format is not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it pass."""
        if record.name.startswith("framefleet"):
            fields = {k: v for k, v in record.__dict__.items() if k not in _KNOWN}
            told = " ".join(f"{name}={value}" for name, value in fields.items())
            record.msg = " ".join(filter(None, (log_label.get(), record.getMessage(), told)))
            record.args = ()
        return True


def label_logs() -> None:
    """Label what the runtime's own handlers write, which are there with the first call."""
    logging.getLogger("framefleet").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        if not any(isinstance(found, CallFilter) for found in handler.filters):
            handler.addFilter(CallFilter())
