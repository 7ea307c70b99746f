"""Log lines that machines can read and that nobody can forge."""

import json
import logging

import pytest

from control_plane.telemetry.redaction import keep_secret
from tests.control_plane.telemetry.told import Lines

LOG = logging.getLogger("some.room")
FORGED = "fine\n2026-11-22 [error] forged\r\x1b[31mred\x1b[0m\u2028\x9b1mmore"


def test_a_json_line_holds_the_sentence_and_its_facts(json_lines: Lines) -> None:
    LOG.warning("sync run failed", extra={"connection": "concur", "request_id": "req_1"})
    (line,) = [json.loads(text) for text in json_lines.texts]
    assert line["timestamp"].endswith("Z")
    assert (line["event"], line["level"], line["logger"]) == ("sync run failed", "warning", "some.room")
    assert (line["connection"], line["request_id"]) == ("concur", "req_1")


def test_a_line_is_one_line_without_commands_to_the_terminal(lines: Lines) -> None:
    LOG.warning(FORGED, extra={"connection": FORGED, "nested": [FORGED]})
    (line,) = lines.texts
    assert not {"\n", "\r", "\x1b", "\u2028", "\x9b"} & set(line)
    assert line.isprintable()


def test_a_traceback_shows_neither_values_nor_lines_that_begin_like_the_logs_own(lines: Lines) -> None:
    _log_a_failure(FORGED, "a-value-of-a-variable")
    (line,) = lines.texts
    assert "a-value-of-a-variable" not in line
    assert "\x1b" not in line
    assert "ValueError" in line
    assert all(more.startswith("    ") for more in line.split("\n")[1:])


@pytest.mark.parametrize("secret", ["pa$$ word/ü", 'quo"te\\d', "plain-secret"])
def test_a_kept_secret_is_in_no_line_in_whatever_form(lines: Lines, secret: str) -> None:
    keep_secret([secret, "abc"])
    _log_a_failure(f"refused {secret}", f"https://host/?key={secret}")
    LOG.warning("refused: %s", secret, extra={"where": f"https://host/?key={secret}", "letters": "abc"})
    whole = " ".join(lines.texts)
    assert secret not in whole
    assert json.dumps(secret)[1:-1] not in whole
    assert whole.count("[redacted]") >= 3
    assert "abc" in whole


def _fail(sentence: str, value: str) -> None:
    if value:
        raise ValueError(sentence)


def _log_a_failure(sentence: str, value: str) -> None:
    try:
        _fail(sentence, value)
    except ValueError:
        LOG.exception("a pass failed", extra={"pass": "deliver"})
