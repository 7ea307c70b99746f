import tomllib
from pathlib import Path

import pytest

from control_plane.bootstrap.assembly import flows_of
from control_plane.proof.configuration import Deployment, TargetSettings, configuration
from control_plane.settings import load_settings

TWIN = TargetSettings("sandbox_erp", "http://127.0.0.1:2", {"api_key": "secret:erp"}, {"batch": "50"})
TRYTON = TargetSettings("tryton", "http://127.0.0.1:3", {"password": "secret:erp"}, {"user": "u"}, document_type="EXP")


@pytest.mark.parametrize("target", [TWIN, TRYTON])
def test_the_file_is_one_that_tieout_reads(tmp_path: Path, target: TargetSettings) -> None:
    file = tmp_path / "tieout.toml"
    file.write_text(configuration(Deployment(tmp_path, 4711, "http://127.0.0.1:1", target)))

    settings = load_settings(file)

    assert (settings.api.port, settings.connections["erp"].url) == (4711, target.url)
    assert settings.calendars["1000"].country == "DE"
    assert flows_of(settings)["expense_report"].policy.values["after_post"]["recalled"] == "reverse"


def test_every_posting_goes_to_the_document_type_of_its_payee_or_to_the_one_journal() -> None:
    def types(target: TargetSettings) -> list[str]:
        text = configuration(Deployment(Path("/"), 1, "http://127.0.0.1:1", target))
        rules = tomllib.loads(text)["flows"]["expense_report"]["routing"]["rules"]
        return [rule["then"]["document_type"] for rule in rules]

    assert types(TWIN) == ["CC", "CA", "EX"]
    assert types(TRYTON) == ["EXP"]


def test_further_keys_come_on_top() -> None:
    further: dict[str, dict[str, object]] = {"engine": {"lease": 3}, "telemetry": {"log_level": "debug"}}

    told = tomllib.loads(configuration(Deployment(Path("/"), 1, "http://127.0.0.1:1", TWIN, further=further)))

    assert told["engine"]["lease"] == 3
    assert told["engine"]["batch"] > 1
    assert told["telemetry"] == {"log_level": "debug"}
