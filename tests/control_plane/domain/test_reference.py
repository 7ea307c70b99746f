import re

from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.party import Payer
from control_plane.domain.reference import MAX_LENGTH, business_reference, part_reference

PARTS = st.text(max_size=50)


def test_a_usual_document_has_a_reference_that_can_be_read_out() -> None:
    assert business_reference("EXR", "1000", "concur", "0C45F960C3", 2) == "EXR-1000-concur-0C45F960C3-2"


def test_a_long_id_is_shortened_and_stays_unique() -> None:
    long = "declaration 86791 of the year 2018"
    one = business_reference("EXR", "1000", "concur", f"{long} a", 1)
    other = business_reference("EXR", "1000", "concur", f"{long} b", 1)
    assert one != other
    assert one.startswith("EXR-1000-concur-declaration86791")


def test_a_dash_inside_a_part_cannot_imitate_another_document() -> None:
    assert business_reference("EXR", "a-b", "c", "d", 1) != business_reference("EXR", "a", "b-c", "d", 1)
    assert business_reference("EXR", "a", "", "", 1) != business_reference("EXR", "", "a", "", 1)


@given(PARTS, PARTS, PARTS, st.integers(1, 10**6))
def test_every_reference_fits_with_every_suffix_and_is_plain(
    entity: str, system: str, number: str, version: int
) -> None:
    reference = business_reference("EXR", entity, system, number, version)
    for payer in Payer:
        for payee in Payer:
            part = part_reference(reference, payer, payee)
            assert len(part) <= MAX_LENGTH
            assert re.fullmatch(r"[A-Za-z0-9._/-]+", part)


@given(st.tuples(PARTS, PARTS, PARTS), st.tuples(PARTS, PARTS, PARTS))
def test_two_documents_never_share_a_reference(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    same = business_reference("EXR", *one, 1) == business_reference("EXR", *other, 1)
    assert same == (one == other)


def test_versions_differ_and_the_same_version_is_always_called_the_same() -> None:
    assert business_reference("EXR", "1", "c", "d", 1) == business_reference("EXR", "1", "c", "d", 1)
    assert business_reference("EXR", "1", "c", "d", 1) != business_reference("EXR", "1", "c", "d", 2)


def test_every_pair_of_parties_has_a_suffix_of_its_own() -> None:
    parts = {part_reference("R", payer, payee) for payer in Payer for payee in Payer}
    assert len(parts) == len(Payer) ** 2
    assert part_reference("R", Payer.COMPANY, Payer.EMPLOYEE) == "R"
