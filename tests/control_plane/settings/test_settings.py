from datetime import timedelta
from pathlib import Path

import pytest

from control_plane.engine.parts import EngineSettings
from control_plane.settings import ConfigurationError, Settings, load_settings
from control_plane.settings.sections import EngineSection


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIEOUT_CONFIG", raising=False)


def _loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "own.toml"
    file.write_text(text)
    return load_settings(file)


def _complaints(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        _loaded(tmp_path, text)
    return caught.value.sentences


def test_without_a_file_everything_has_a_default() -> None:
    settings = load_settings()

    assert settings.database.url == "sqlite:///.tieout/tieout.db"
    assert settings.connections == {}


def test_the_file_of_the_project_says_what_the_defaults_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])

    assert load_settings().model_dump() == Settings().model_dump()


def test_the_engine_has_one_default_for_each_setting() -> None:
    assert EngineSettings(**dict(EngineSection())) == EngineSettings()


def test_a_value_of_the_file_is_overridden_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_ENGINE_LEASE", "5")

    settings = _loaded(tmp_path, "[engine]\nlease = 20\nbatch = 7\n")

    assert (settings.engine.lease, settings.engine.batch) == (timedelta(seconds=5), 7)


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named.toml").write_text("[api]\nport = 4711\n")
    monkeypatch.setenv("TIEOUT_CONFIG", str(tmp_path / "named.toml"))

    assert load_settings().api.port == 4711


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not there; name another file with --config"):
        load_settings(tmp_path / "missing.toml")


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    (sentence,) = _complaints(tmp_path, "[engine\n")

    assert "own.toml cannot be read" in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[engine]\nleaze = 3\n", "the key 'engine.leaze' is not known; did you mean 'engine.lease'?"),
        ("[databse]\nurl = 'x'\n", "the key 'databse' is not known; did you mean 'database'?"),
        (
            "[connections.erp]\nprovider = 'tryton'\nulr = 'x'\n",
            "the key 'connections.erp.ulr' is not known; did you mean 'connections.erp.url'?",
        ),
        (
            "[[webhooks]]\nname = 'a'\nurl = 'x'\nsecret = 'env:S'\nsecrt = 'env:S'\n",
            "the key 'webhooks.0.secrt' is not known; did you mean 'webhooks.0.secret'?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in _complaints(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = _complaints(tmp_path, "[engine]\nlease = -1\nbatch = 0\n[api]\nport = 70000\n")

    assert {sentence.partition(":")[0] for sentence in found} == {"engine.lease", "engine.batch", "api.port"}


@pytest.mark.parametrize("value", ["0", "-3", "soon", "1e400"])
def test_a_duration_is_a_number_of_seconds_above_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("TIEOUT_ENGINE_LEASE", value)

    assert _complaints(tmp_path, "") == ("engine.lease: a duration is a number of seconds above zero",)


def test_an_unknown_variable_is_named_with_the_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_DATABSE_URL", "sqlite:///x")

    assert _complaints(tmp_path, "") == (
        "the variable 'TIEOUT_DATABSE_URL' is not known; did you mean 'TIEOUT_DATABASE'?",
    )


@pytest.mark.parametrize(
    "text",
    [
        "[connections.erp]\nprovider = 'tryton'\nurl = 'http://x'\ncredentials = { password = 'open' }\n",
        "[database]\npassword = 'open'\n",
        "[api]\nkey = 'open'\n",
        "[secrets]\nmaster = 'open'\n",
        "[[webhooks]]\nname = 'a'\nurl = 'http://x'\nsecret = 'open'\n",
    ],
)
def test_a_file_names_secrets_by_reference_only(tmp_path: Path, text: str) -> None:
    (sentence,) = _complaints(tmp_path, text)

    assert sentence.endswith("a file names a secret by reference, as 'secret:NAME' or 'env:NAME'")
    assert "open" not in sentence


def test_a_secret_is_found_in_its_file_or_in_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "erp").write_text("from the file\n")
    monkeypatch.setenv("ERP_PASSWORD", "from the variable")

    settings = load_settings()

    assert settings.secret("secret:erp") == "from the file"
    assert settings.secret("env:ERP_PASSWORD") == "from the variable"


@pytest.mark.parametrize("reference", ["secret:gone", "env:GONE"])
def test_a_reference_that_leads_nowhere_is_an_error(reference: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the secret '{reference}' is missing"):
        load_settings().secret(reference)


def test_a_connection_is_given_its_secrets_and_shows_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "planted")
    settings = _loaded(
        tmp_path,
        "[connections.erp]\nprovider = 'tryton'\nurl = 'http://x'\ncredentials = { password = 'env:ERP_PASSWORD' }\n",
    )

    assert settings.connection("erp").credentials == {"password": "planted"}
    assert "planted" not in repr(settings) + repr(settings.connection("erp"))


def test_a_legal_entity_without_a_calendar_keeps_office_hours(tmp_path: Path) -> None:
    settings = _loaded(tmp_path, "[calendars.1000]\ntime_zone = 'Europe/Berlin'\ncountry = 'DE'\nopens = 08:00:00\n")

    assert settings.calendar("1000").country == "DE"
    assert settings.calendar("2000").time_zone == "UTC"
