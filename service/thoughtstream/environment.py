"""What environment variables say about the settings."""

import os
import re
from typing import Any
from urllib.parse import quote

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource

from thoughtstream.errors import ConfigError
from thoughtstream.explaining import meant

PREFIX = "THOUGHTSTREAM_"

_LINKED = re.compile(r"tcp://([^/:]+|\[[^/]+\]):([0-9]+)")
"""REDIS_PORT as Kubernetes and Docker's links set it where a service is named redis."""


class Environment(EnvSettingsSource):
    """Variables by their own names. One that should be JSON, and is none, is named; so is one of a
    section that there is not.
    """

    def __call__(self) -> dict[str, Any]:
        known = [name.upper() for name in self.settings_cls.model_fields]
        for variable in map(str.upper, self.env_vars):
            section, nested, field = variable.removeprefix(PREFIX).partition("__")
            if variable.startswith(PREFIX) and nested and section not in known:
                raise ConfigError(f"{variable}: {meant(section, known, PREFIX, f'__{field}')}")
        return super().__call__()

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError as error:
            names = [name.upper() for name, its in self.env_vars.items() if its == value]
            own = next((name for name in names if name.startswith(PREFIX)), field_name)
            raise ConfigError(
                f"{own}: is no JSON ({error}); write an object, or give each field a variable of "
                f"its own: {own}__NAME=VALUE"
            ) from None


class CommonRedis(PydanticBaseSettingsSource):
    """The common REDIS_URL, or REDIS_HOST and REDIS_PORT."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        url = os.environ.get("REDIS_URL")
        host, port = os.environ.get("REDIS_HOST"), os.environ.get("REDIS_PORT")
        section = self.current_state.get("redis")
        if isinstance(section, dict) and section.get("url"):
            return {}
        if linked := _LINKED.fullmatch(port or ""):
            port = linked[2] if host else None
        if not url and (host or port):
            if port and not (port.isdigit() and 0 < int(port) < 65_536):
                raise ConfigError(f"REDIS_PORT: {port!r} is not a port from 1 to 65535")
            if host and "@" in host:
                raise ConfigError("REDIS_HOST: is a host only; REDIS_URL takes user and password")
            name = quote(host or "localhost", safe="[]:.-")
            url = f"redis://{name}:{port or 6379}/0"
        return {"redis": {"url": url}} if url else {}


class LinkedRedis(PydanticBaseSettingsSource):
    """REDIS_PORT=tcp://10.0.0.1:6379: nobody has asked for it, so everything else comes first."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        linked = _LINKED.fullmatch(os.environ.get("REDIS_PORT", ""))
        return {"redis": {"url": f"redis://{linked[1]}:{linked[2]}/0"}} if linked else {}
