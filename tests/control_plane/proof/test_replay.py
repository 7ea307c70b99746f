from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.twins.expense.app import create_app
from connectors.twins.expense.books import Books
from connectors.twins.expense.fis import acknowledge, confirm_postings
from connectors.twins.running import running_in_thread
from control_plane.proof.books import Booked
from control_plane.proof.hand import hand
from control_plane.proof.replay import Platform, Replay, envelope_of
from control_plane.proof.stage import token_of
from control_plane.proof.timeline import Claim, Kind, Step

START = datetime(2017, 1, 9, 8, tzinfo=UTC)
ONE, OTHER = Claim("declaration 1", "number 1", 11900), Claim("declaration 2", "", 0)


class NotedErp:
    """An ERP that notes what it is to pay."""

    def __init__(self) -> None:
        self.paid: list[str] = []
        self.strays: list[str] = []

    def booked(self) -> list[Booked]:
        return []

    def activate_project(self, code: str) -> None:
        raise AssertionError(code)

    def pay_half(self) -> int:
        return 0

    def pay(self, claims: Sequence[Claim]) -> int:
        self.paid += [claim.id for claim in claims]
        return len(claims)

    def pay_without_posting(self, claims: Sequence[Claim]) -> int:
        self.strays += [claim.id for claim in claims]
        return len(claims)


class Office:
    """A platform's twin, and what Tieout would do there."""

    def __init__(self, books: Books, platform: Platform) -> None:
        self.books = books
        self.platform = platform
        self.erp = NotedErp()

    def replay(self, *steps: tuple[Kind, Claim], **options: Any) -> Replay:
        timed = [Step(START + timedelta(days=day), kind, claim) for day, (kind, claim) in enumerate(steps)]
        return Replay(self.platform, self.erp, timed, **options)

    def post_everything(self) -> None:
        ready, _ = self.books.page("expense", is_any_status=False, system_id="", limit=100, offset=0)
        ids = [version.id for version in ready]
        acknowledge(self.books, "expense", "tieout", ids)
        confirm_postings(
            self.books, "expense", "tieout", [{"docId": one, "overallPostingStatusCode": "success"} for one in ids]
        )

    def statuses(self, claim: Claim) -> list[str]:
        rows = self.books.connection.execute(
            "SELECT status FROM document WHERE business_id = ? ORDER BY revision", (claim.id,)
        )
        return [row["status"] for row in rows]


@pytest.fixture
def office() -> Iterator[Office]:
    books = Books()
    with ExitStack() as stack:
        url = stack.enter_context(running_in_thread(create_app(books))).url
        admin = stack.enter_context(hand(url))
        feed = stack.enter_context(hand(url, {"Authorization": f"Bearer {token_of(admin)}"}))
        yield Office(books, Platform(admin, feed))


def test_an_approval_hands_over_a_document_with_what_the_log_lacks() -> None:
    document = envelope_of(Step(START, Kind.APPROVED, ONE))["document"]

    assert document["report"]["reportId"] == "declaration 1"
    assert document["report"]["reportNumber"] == "number 1"
    assert document["report"]["reportPaymentProcessingDate"] == "2017-01-09T08:00:00.000Z"
    assert str(document["report"]["totalApprovedAmount"]) == "119.00"
    assert document["employee"]["employeeId"] == f"E-{ONE.employee:03d}"
    allocation = document["expenseEntry"][0]["allocation"][0]
    assert allocation["allocationCustom5Code"] == f"P-{ONE.project:02d}"
    assert allocation["allocationCustom2Code"] == ("1000", "2000", "3000")[ONE.employee % 3]


def test_a_number_that_the_log_does_not_know_is_left_out() -> None:
    assert envelope_of(Step(START, Kind.APPROVED, OTHER))["document"]["report"]["reportNumber"] is None


def test_a_recall_takes_back_the_living_version_and_a_second_approval_is_a_new_one(office: Office) -> None:
    replay = office.replay((Kind.APPROVED, ONE), (Kind.RECALLED, ONE), (Kind.APPROVED, ONE))

    assert replay.advance() == 3
    assert replay.is_over
    assert office.statuses(ONE) == ["RECALLED", "READY"]


def test_a_payment_waits_for_the_posting(office: Office) -> None:
    replay = office.replay((Kind.APPROVED, ONE), (Kind.PAID, ONE))
    replay.advance()
    assert office.erp.paid == []

    office.post_everything()
    replay.advance()

    assert (office.erp.paid, replay.paid) == (["declaration 1"], 1)


def test_a_posting_of_a_version_that_was_taken_back_pays_nothing(office: Office) -> None:
    replay = office.replay((Kind.APPROVED, ONE), (Kind.RECALLED, ONE), (Kind.APPROVED, ONE), (Kind.PAID, ONE))
    replay.steps, later = replay.steps[:1], replay.steps
    replay.advance()
    office.post_everything()
    replay.steps = later
    replay.advance()

    assert office.erp.paid == []


def test_what_is_paid_and_never_posted_is_booked_at_the_end_only(office: Office) -> None:
    replay = office.replay((Kind.PAID, ONE))
    replay.advance()
    assert office.erp.strays == []

    assert replay.end() == 1
    assert office.erp.strays == ["declaration 1"]
    assert replay.end() == 0


def test_an_office_does_not_outrun_its_erp(office: Office) -> None:
    claims = [Claim(f"declaration {number}", "", 100) for number in range(10)]
    replay = office.replay(*((Kind.APPROVED, claim) for claim in claims), ahead=4)

    assert replay.advance() == 4
    assert replay.advance() == 0
    office.post_everything()
    assert replay.advance() == 4


def test_a_speed_lets_the_log_happen_in_its_own_order_of_time(office: Office) -> None:
    clock = iter([100.0, 100.5, 101.0, 109.0])
    replay = office.replay((Kind.APPROVED, ONE), (Kind.APPROVED, OTHER), speed=86_400.0, monotonic=lambda: next(clock))

    assert [replay.advance() for _ in range(4)] == [1, 0, 1, 0]
