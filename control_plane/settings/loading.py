"""How the settings are read: file and environment, with every mistake named before anything starts."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariableError

from connectors.connection import not_known
from control_plane.settings.sections import PREFIX, REFERENCE, ConfigurationError, Settings

FILE: Final = Path("tieout.toml")
"""Read from the working directory where no other file is named."""

OTHER_VARIABLES: Final = frozenset({"TIEOUT_CONFIG", "TIEOUT_REFERENCE_DATA", "TIEOUT_TRYTON_HOME"})
"""Variables that are no settings: they are read where they are used."""

_SECRETS: Final = (
    ("database", "password"),
    ("secrets", "master"),
    ("api", "key"),
    ("connections", "*", "credentials", "*"),
    ("webhooks", "*", "secret"),
)


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings from a file (`TIEOUT_CONFIG`, else `tieout.toml` where there is one) and the environment.

    Raises:
        ConfigurationError: the named file is missing, or a key or value is not known.
    """
    named = path or _named()
    if named is not None and not named.is_file():
        raise ConfigurationError(f"{named} is not there; name another file with --config")
    file = named or FILE
    _refuse(_unknown_variables(os.environ), _plain_secrets(_content(file)))

    class Located(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return Located()
    except ValidationError as error:
        raise ConfigurationError(*_sentences(error)) from error
    except UnreadableVariableError as error:
        raise ConfigurationError(str(error)) from error


def _named() -> Path | None:
    named = os.environ.get("TIEOUT_CONFIG")
    return Path(named) if named else None


def _content(file: Path) -> Mapping[str, Any]:  # TOML values
    try:
        return tomllib.loads(file.read_text()) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def _refuse(*complaints: Iterable[str]) -> None:
    sentences = [sentence for complaint in complaints for sentence in complaint]
    if sentences:
        raise ConfigurationError(*sentences)


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environment):
        section = name.removeprefix(PREFIX).partition("_")[0].lower()
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and section not in Settings.model_fields:
            known = [f"{PREFIX}{field.upper()}" for field in Settings.model_fields]
            yield not_known("the variable", name, [*known, *OTHER_VARIABLES])


def _plain_secrets(content: Mapping[str, Any]) -> Iterator[str]:  # TOML values
    for path in _SECRETS:
        for key, value in _found(content, path):
            if not (isinstance(value, str) and REFERENCE.fullmatch(value)):
                yield f"{key}: a file names a secret by reference, as 'secret:NAME' or 'env:NAME'"


def _found(content: object, path: tuple[str, ...], at: str = "") -> Iterator[tuple[str, object]]:
    if not path:
        yield at, content
        return
    members = dict(enumerate(content)) if isinstance(content, list) else content
    if isinstance(members, Mapping):
        for key in members if path[0] == "*" else {path[0]} & members.keys():
            yield from _found(members[key], path[1:], f"{at}.{key}".lstrip("."))


def _sentences(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        if problem["type"] == "extra_forbidden":
            known = [".".join((*path[:-1], key)) for key in _keys_at(Settings, path[:-1])]
            yield not_known("the key", ".".join(path), known)
        else:
            yield f"{'.'.join(path)}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_at(model: Any, path: list[str]) -> list[str]:  # a type, which may be one of typing's own
    for part in path:
        model = model.model_fields[part].annotation if _is_model(model) else get_args(model)[-1]
        model = get_args(model)[0] if get_origin(model) is Annotated else model
    return list(model.model_fields) if _is_model(model) else []


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
