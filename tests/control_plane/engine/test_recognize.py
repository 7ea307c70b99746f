"""What a target says in words that nobody knows: kept, and named by a rule from then on."""

from connectors.contract import Outcome, OutcomeKind
from connectors.failures import Failure
from control_plane.domain.failure_rule import FailureRule
from control_plane.engine.parts import Unit
from control_plane.engine.recognize import recognize
from control_plane.runtime import Ids
from control_plane.store import failure_rules
from control_plane.store.database import Database
from control_plane.store.failure_rules import Hands
from tests.stands.runtime import MORNING

TEXT = "Tax key V9 is not defined, ask anna.example@group.test"
STRANGE = Outcome("R1", OutcomeKind.REJECTED, failure=Failure("TX-17", field_path="lines[0]", detail=TEXT))
PLAIN = Outcome("R2", OutcomeKind.REJECTED, failure=Failure("closed_period", {"value": "2026-03"}))
RULE = FailureRule("tax key", "tax_refused", answer_code="TX-17", pattern="(?P<problem>Tax key \\w+ is not defined)")


def said(database: Database, ids: Ids, *outcomes: Outcome) -> list[Outcome]:
    with database.write() as session:
        unit = Unit(session, MORNING, ids, {})
        return [one for (one,) in recognize(unit, [(n, "erp", (one,)) for n, one in enumerate(outcomes, start=1)])]


def rule(database: Database, ids: Ids, wanted: FailureRule, *, is_active: bool = True) -> None:
    with database.write() as session:
        failure_rules.add(session, ids, wanted, Hands(1, "mia", 2, "carl"), is_active=is_active, now=MORNING)


def kept(database: Database) -> list[tuple[str, str, str, int]]:
    with database.read() as session:
        rows = failure_rules.unknown(session, limit=10)
        return [(row.connection, row.answer_code, row.text, row.count) for row in rows]


def test_strange_words_land_under_a_code_of_their_own_and_are_kept_without_names(database: Database, ids: Ids) -> None:
    strange, plain = said(database, ids, STRANGE, PLAIN)
    assert plain == PLAIN
    assert strange.failure is not None
    assert (strange.kind, strange.failure.code) == (OutcomeKind.REJECTED, "unknown_answer")
    assert strange.failure.values["answer_code"] == "TX-17"
    said(database, ids, STRANGE)
    assert kept(database) == [("erp", "TX-17", "Tax key V9 is not defined, ask ***", 2)]


def test_a_rule_names_them_from_the_next_answer_on(database: Database, ids: Ids) -> None:
    rule(database, ids, RULE)
    (known,) = said(database, ids, STRANGE)
    assert known.failure is not None
    assert (known.failure.code, known.failure.values["problem"]) == ("tax_refused", "Tax key V9 is not defined")
    assert kept(database) == []


def test_the_kind_of_the_new_code_decides_what_happens_next(database: Database, ids: Ids) -> None:
    rule(database, ids, FailureRule("booked", "already_booked", answer_code="TX-17"))
    (known,) = said(database, ids, STRANGE)
    assert known.kind is OutcomeKind.UNKNOWN


def test_a_retired_rule_names_nothing_any_more(database: Database, ids: Ids) -> None:
    rule(database, ids, RULE)
    rule(database, ids, RULE, is_active=False)
    (strange,) = said(database, ids, STRANGE)
    assert strange.failure is not None
    assert strange.failure.code == "unknown_answer"
