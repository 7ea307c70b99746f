import pytest

from control_plane.domain.materiality import DEFAULT_MINOR, materiality_of, problems_of

SET = materiality_of({"materiality": {"*": 5_000, "DE01": 100}})


@pytest.mark.parametrize(
    ("entity", "group_minor", "code", "expected"),
    [
        ("DE01", 99, "rejected_by_target", False),
        ("DE01", 100, "rejected_by_target", True),
        ("DE01", -100, "rejected_by_target", True),
        ("FR02", 4_999, "rejected_by_target", False),
        ("FR02", 5_000, "rejected_by_target", True),
        ("FR02", None, "rejected_by_target", True),
        ("FR02", 0, "tax_refused", True),
        ("FR02", 0, "duplicate_suspect", True),
    ],
)
def test_what_matters(entity: str, group_minor: int | None, code: str, *, expected: bool) -> None:
    assert SET.is_material(entity, group_minor, code) is expected


def test_where_nothing_is_set_a_default_holds() -> None:
    nothing = materiality_of({})
    assert nothing.is_material("DE01", DEFAULT_MINOR, "rejected_by_target")
    assert not nothing.is_material("DE01", DEFAULT_MINOR - 1, "rejected_by_target")


def test_a_limit_is_a_number_of_minor_units() -> None:
    wrong = {"*": -1, "DE01": "100", "FR02": 1.5, "CH01": True, "AT01": 0}
    assert [one.pointer for one in problems_of(wrong)] == ["/*", "/DE01", "/FR02", "/CH01"]
