import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
SERVICES: Final[dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if service["image"].startswith("tieout:")}


def test_the_grown_shape_is_a_process_for_each_part_beside_the_database() -> None:
    assert SERVICES.keys() == {"postgres", "migrate", "api", "worker", "scheduler", "ui"}
    assert SERVICES.keys() - OURS.keys() == {"postgres"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]

    assert service["user"] not in {"root", "0", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_to_this_machine_only_and_its_service_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]

    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "healthcheck" in service or "ports" not in service


def test_no_password_stands_in_the_file() -> None:
    given = [SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"], OURS["api"]["environment"]["PGPASSWORD"]]

    assert all(value.startswith("${TIEOUT_DATABASE_PASSWORD:?") for value in given)


def test_every_process_waits_for_the_migrations() -> None:
    waiting = {name for name, service in OURS.items() if "migrate" in service["depends_on"]}

    assert waiting == {"api", "worker", "scheduler"}
    assert "api" in OURS["ui"]["depends_on"]
    assert OURS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", OURS)
def test_the_command_of_a_service_is_one_that_tieout_knows_with_its_options(name: str) -> None:
    command = [sys.executable, "-m", "control_plane", *OURS[name]["command"], "--help"]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 0, answer.stderr
    assert f"tieout {name}" in answer.stdout
