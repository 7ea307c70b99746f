"""How a twin's settings are changed while it runs."""

from collections.abc import Mapping
from typing import Any, TypeVar  # a setting of a JSON body may be anything until it is validated

from pydantic import BaseModel

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def patched(settings: SettingsT, changes: Mapping[str, Any]) -> SettingsT:
    """Return the settings with changes merged in, nested objects key by key.

    Raises:
        pydantic.ValidationError: a key is unknown or a value does not fit.
    """
    return type(settings).model_validate(_merged(settings.model_dump(), changes))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **{key: _joined(old.get(key), value) for key, value in new.items()}}


def _joined(old: object, new: object) -> object:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _merged(old, new)
    return new
