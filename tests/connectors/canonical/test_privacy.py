import importlib
import pkgutil
from dataclasses import dataclass, field, fields, is_dataclass

import pytest

import connectors.canonical
from connectors.canonical.expense import ExpenseReport
from connectors.canonical.money import Money
from connectors.canonical.party import Employee
from connectors.canonical.privacy import PrivacyCategory, PrivacyClass, classified, internal, privacy_of

VALUES = frozenset({Money})
"""An amount is as private as the field that holds it."""


def canonical_facts() -> list[type]:
    """Return every dataclass of the vocabulary."""
    names = [module.name for module in pkgutil.iter_modules(connectors.canonical.__path__, "connectors.canonical.")]
    modules = [importlib.import_module(name) for name in names]
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return sorted((each for each in found if is_dataclass(each) and each not in VALUES), key=lambda each: each.__name__)


def test_the_vocabulary_is_found() -> None:
    assert {ExpenseReport, Employee} <= set(canonical_facts())
    assert all(each.__module__.startswith("connectors.canonical.") for each in canonical_facts())


@pytest.mark.parametrize("fact", canonical_facts(), ids=lambda fact: fact.__name__)
def test_every_field_has_a_privacy_class(fact: type) -> None:
    for each in fields(fact):
        privacy, category = privacy_of(fact, each.name)
        assert privacy in PrivacyClass
        assert category in PrivacyCategory


@pytest.mark.parametrize("fact", canonical_facts(), ids=lambda fact: fact.__name__)
def test_every_fact_is_frozen_and_has_slots(fact: type) -> None:
    assert fact.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert hasattr(fact, "__slots__")


@pytest.mark.parametrize("fact", canonical_facts(), ids=lambda fact: fact.__name__)
def test_what_names_a_person_or_an_amount_is_confidential(fact: type) -> None:
    for each in fields(fact):
        tells = each.type is Money or each.name in {"name", "description", "merchant", "title"}
        if tells:
            assert privacy_of(fact, each.name)[0] is PrivacyClass.CONFIDENTIAL, each.name


def test_a_classified_field_keeps_its_default_and_its_class() -> None:
    @dataclass(frozen=True, slots=True)
    class Supplier:
        iban: str = classified(PrivacyClass.RESTRICTED, PrivacyCategory.BANK)
        country: str = internal(default="DE")

    assert Supplier("DE00").country == "DE"
    assert privacy_of(Supplier, "iban") == (PrivacyClass.RESTRICTED, PrivacyCategory.BANK)
    assert privacy_of(Supplier, "country") == (PrivacyClass.INTERNAL, PrivacyCategory.NONE)


def test_a_field_without_a_class_is_our_own_mistake() -> None:
    @dataclass(frozen=True, slots=True)
    class Careless:
        phone: str = field(default="")

    for name in ("phone", "no_such_field"):
        with pytest.raises(LookupError, match=f"Careless.{name} has no privacy class"):
            privacy_of(Careless, name)
