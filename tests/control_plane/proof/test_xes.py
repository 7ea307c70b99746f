import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control_plane.proof.xes import UnreadableLogError, read_traces

LOG = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="name"/></global>
  <string key="lifecycle:model" value="standard"/>
  <trace>
    <string key="concept:name" value="declaration 1"/>
    <float key="Amount" value="26.85"><string key="currency" value="nested"/></float>
    <event>
      <string key="concept:name" value="Declaration SUBMITTED by EMPLOYEE"/>
      <date key="time:timestamp" value="2017-01-09T09:49:50.000+01:00"/>
    </event>
    <event>
      <date key="time:timestamp" value="2017-01-10T00:00:00Z"/>
      <string key="concept:name" value="Payment Handled"/>
    </event>
  </trace>
  <trace><string key="concept:name" value="declaration 2"/></trace>
</log>
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "log.xes"
    file.write_text(LOG)
    return file


def test_traces_come_with_their_attributes_and_events(log: Path) -> None:
    first, second = read_traces(log)

    assert first.attributes == {"concept:name": "declaration 1", "Amount": "26.85"}
    assert [event.name for event in first.events] == ["Declaration SUBMITTED by EMPLOYEE", "Payment Handled"]
    assert first.events[0].at == datetime(2017, 1, 9, 8, 49, 50, tzinfo=UTC)
    assert second.events == ()


def test_a_packed_log_reads_the_same(log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))

    assert list(read_traces(packed)) == list(read_traces(log))


def test_traces_come_while_the_file_is_still_being_read(tmp_path: Path) -> None:
    file = tmp_path / "cut.xes"
    head, trace, _ = LOG.partition("<trace>")
    body = trace + LOG.partition("<trace>")[2].partition("</trace>")[0] + "</trace>"
    file.write_text(head + body * 500)

    traces = read_traces(file)

    assert next(traces).events[1].name == "Payment Handled"
    with pytest.raises(UnreadableLogError, match=r"cut\.xes is no XES log"):
        list(traces)


def test_prefixed_tags_are_understood(log: Path) -> None:
    text = LOG.replace('xmlns="', 'xmlns:x="').replace("</", "</x:").replace("<x:", "<").replace("</", "</x:")
    prefixed = text.replace("</x:x:", "</x:")
    for tag in ("log", "extension", "global", "string", "float", "date", "event", "trace"):
        prefixed = prefixed.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
    other = log.with_name("prefixed.xes")
    other.write_text(prefixed)

    assert list(read_traces(other)) == list(read_traces(log))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!DOCTYPE log [<!ENTITY a 'b'>]><log/>", "a log declares no document type"),
        (b"<log><trace>", "is no XES log"),
        (b"not xml", "is no XES log"),
        (b"\x1f\x8b broken", "is no XES log"),
        (gzip.compress(LOG.encode())[:-20], "is no XES log"),
        (LOG.replace("2017-01-10T00:00:00Z", "yesterday").encode(), "an event has no moment: 'yesterday'"),
        (LOG.replace("2017-01-10T00:00:00Z", "2017-01-10T00:00:00").encode(), "has no time zone"),
    ],
)
def test_what_is_no_log_is_refused_in_words(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "bad.xes"
    file.write_bytes(content)

    with pytest.raises(UnreadableLogError, match=why):
        list(read_traces(file))


def test_a_log_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLogError, match="cannot be opened: No such file"):
        list(read_traces(tmp_path / "gone.xes"))
