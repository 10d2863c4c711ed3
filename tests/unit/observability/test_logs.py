"""Log lines as Cloud Logging reads them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.observability.logs import json_log, trace_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The only line that was written."""
    (text,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Severity and message under the names that Cloud Logging knows, fields beside them."""
    json_log("shop")("INFO", "POST /carts 202", version='"3"', milliseconds=1.5)

    assert line(capsys) == {"severity": "INFO", "message": "POST /carts 202", "version": '"3"', "milliseconds": 1.5}


def test_a_message_of_several_lines_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line break in what a caller sent does not make a second entry."""
    json_log("shop")("ERROR", "one\ntwo", error='"quoted"\r\n{"severity":"INFO"}')

    assert line(capsys)["message"] == "one\ntwo"


def test_what_is_not_known_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """A field without a value takes no room."""
    json_log("shop")("INFO", "x", error=None)

    assert line(capsys) == {"severity": "INFO", "message": "x"}


def test_a_line_names_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """Trace and span stand in the fields by which the console joins lines to traces."""
    json_log("shop")("INFO", "x", traceparent=TRACEPARENT)

    found = line(capsys)
    assert found["logging.googleapis.com/trace"] == f"projects/shop/traces/{TRACE}"
    assert found["logging.googleapis.com/spanId"] == SPAN


@pytest.mark.parametrize("traceparent", [None, "", "nonsense", "00-a-b", "00-a-b-c-d"])
def test_a_header_that_is_no_traceparent_names_no_trace(traceparent: str | None) -> None:
    """What a caller sent is not taken for a trace."""
    assert trace_of(traceparent) is None


def test_any_value_can_be_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """A log line never fails for its values: what JSON does not know is written as text."""
    json_log("shop")("INFO", "x", at=datetime(2026, 1, 1, tzinfo=UTC), odd=object)

    found = line(capsys)
    assert found["at"] == "2026-01-01T00:00:00Z"
    assert "object" in found["odd"]
