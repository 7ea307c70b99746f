"""The event log read a second time, by other means than the product's: what the books must say in the end."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from lxml import etree

_NAMESPACE = "{http://www.xes-standard.org}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One trace: who, how much, and what happened to it in order (`A`pproved, `R`ejected, `P`aid)."""

    id: str
    number: str
    cents: int
    story: str

    @property
    def employee(self) -> str:
        return f"E-{zlib.crc32(self.id.encode()) % 500:03d}"

    @property
    def company(self) -> str:
        return ("1000", "2000", "3000")[zlib.crc32(self.id.encode()) % 500 % 3]

    @property
    def project(self) -> str:
        return f"P-{zlib.crc32(self.id.encode()) % 40:02d}"

    @property
    def is_ever_approved(self) -> bool:
        return "A" in self.story

    @property
    def is_approved_in_the_end(self) -> bool:
        return self.story.rfind("A") > self.story.rfind("R")

    @property
    def is_rejected_after_approval(self) -> bool:
        return "R" in self.story[self.story.find("A") :] if self.is_ever_approved else False

    @property
    def is_paid(self) -> bool:
        return "P" in self.story


def readings(path: Path) -> Iterator[Reading]:
    """Yield the traces of a log whose case attributes stand on every event."""
    with gzip.open(path) as log:
        for _, trace in etree.iterparse(log, tag=f"{_NAMESPACE}trace"):
            yield _reading(trace)
            trace.clear()


def _reading(trace: etree._Element) -> Reading:
    events = [{one.get("key"): one.get("value") for one in event} for event in trace.iter(f"{_NAMESPACE}event")]
    first = {key: value or "" for key, value in events[0].items()}
    cents = (Decimal(first["(case)_Amount"]) * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    number = first["(case)_DeclarationNumber"]
    names = [str(event["concept:name"]) for event in events]
    return Reading(
        id=first["(case)_id"],
        number="" if number == "UNKNOWN" else number,
        cents=int(cents),
        story="".join(_letter(name) for name in names),
    )


def _letter(name: str) -> str:
    if "FINAL_APPROVED" in name:
        return "A"
    if "REJECTED" in name:
        return "R"
    return "P" if name == "Payment Handled" else ""
