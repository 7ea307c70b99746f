"""The printed contract of the API is the one that is served."""

from pathlib import Path
from runpy import run_path

import pytest
from openapi_spec_validator import validate

from control_plane.api import openapi
from control_plane.api.app import routed
from control_plane.api.openapi import contract_text

PRINTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_printed_contract_is_fresh() -> None:
    hint = "run `python -m control_plane.api.openapi > docs/openapi.json`"
    assert PRINTED.read_text(encoding="utf-8") == contract_text(), hint


def test_the_module_prints_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    run_path(openapi.__file__, run_name="__main__")
    assert capsys.readouterr().out == contract_text()


def test_the_contract_is_valid_openapi() -> None:
    contract = routed().openapi()
    assert contract["openapi"].startswith("3.1")
    validate(contract)


def test_every_operation_names_its_problems() -> None:
    for path, operations in routed().openapi()["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert {"401", "404", "422", "503"} <= answers.keys(), (method, path)
            content = answers["422"]["content"]
            assert set(content) == {"application/problem+json"}, (method, path)
