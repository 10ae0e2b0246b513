"""Settings that hold secrets may be read from a file: MODERATO_<FIELD>_FILE names it, as container secrets do."""

import os
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from core.errors import BadInput

_MOST_BYTES = 65536
SECRET: dict[str, JsonValue] = {"secret": True}  # nosec B105 # a mark, no password
"""`json_schema_extra` of a setting that holds a secret. Give it `repr=False` too."""


def is_secret(field: FieldInfo) -> bool:
    """Whether the setting is marked as one that holds a secret."""
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("secret"))


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the settings marked SECRET from the files that MODERATO_<FIELD>_FILE names."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings)
        self._prefix = str(settings.model_config.get("env_prefix", ""))

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's text without its outer white space, None without a file. Raises BadInput."""
        variable = f"{self._prefix}{field_name.upper()}_FILE"
        path = os.environ.get(variable, "") if is_secret(field) else ""
        if not path:
            return None, field_name, False
        if os.environ.get(f"{self._prefix}{field_name.upper()}"):
            raise BadInput(f"Both {variable} and {variable.removesuffix('_FILE')} are set. Keep one of them.")
        return _read(Path(path), variable), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that has a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _read(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise BadInput(f"{variable} names {path}, which cannot be read: {why}.") from None
    if not text or len(content) > _MOST_BYTES or "\n" in text or "\0" in text:
        raise BadInput(f"{variable} names {path}, which should hold the secret on one line and nothing else.")
    return text
