"""Settings: the ADR's StreamConfig and the service's own.

Order of precedence: command line, environment (`THOUGHTSTREAM_STREAMS__FORGET_THRESHOLD=0.2`,
then the common `REDIS_URL`, `REDIS_HOST`, `REDIS_PORT`), TOML file, defaults.
"""

import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from thoughtstream.environment import PREFIX, CommonRedis, Environment, LinkedRedis
from thoughtstream.errors import ConfigError as ConfigError
from thoughtstream.explaining import explain
from thoughtstream.web_config import WebConfig as WebConfig

SYSTEM_FILE = Path("/etc/thoughtstream/thoughtstream.toml")
FILE_NAME = "thoughtstream.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamConfig(_Section):
    """How thoughts compete. The first six are the ADR's StreamConfig, names and defaults."""

    working_memory_maxlen: int = Field(1000, ge=0, description="thoughts per window; 0: unlimited")
    working_memory_ttl_ms: int = Field(
        5000, ge=1, le=86_400_000, description="time to compete, and time to intervene"
    )
    episodic_memory_maxlen: int = Field(0, ge=0, description="memories kept; 0: unlimited")
    semantic_memory_maxlen: int = Field(0, ge=0, description="memories kept; 0: unlimited")
    forget_threshold: float = Field(
        0.3, ge=0, le=10, allow_inf_nan=False, description="losers that score lower are forgotten"
    )
    connection_weight: float = Field(
        0.2,
        gt=0,
        le=10,
        allow_inf_nan=False,
        description="weight of connection_relevance in the score",
    )

    cycle_target_ms: int = Field(
        50, ge=0, le=60_000, description="time between attention cycles; 0: as fast as possible"
    )
    half_life_ms: int | None = Field(
        None, ge=1, description="a competing thought's score halves in this time; unset: never"
    )
    forget: Literal["archive", "delete"] = Field(
        "archive", description="where the forgotten go: the unconscious, or nowhere (the ADR)"
    )
    batch: int = Field(
        100, ge=1, le=1000, description="maximum moves of one kind per cycle (bounds its duration)"
    )
    max_thought_bytes: int = Field(
        65_536, ge=256, le=16_777_216, description="a larger thought is rejected"
    )
    assembled_maxlen: int = Field(1000, ge=1)
    rejected_maxlen: int = Field(1000, ge=1)
    unconscious_maxlen: int = Field(10_000, ge=1)


class SalienceConfig(_Section):
    """What makes a text salient whose source does not say: what each part is worth at most, over
    0.3 (`senses/salience.py`). `thoughtstream colony adopt` writes what was found to serve best.

    The defaults' ratios were fitted to two dialogues of the LoCoMo data set and rounded
    (`tests.bench.fit_attention`); their sum keeps the median there where it was, at about 0.53.
    """

    news: float = Field(0.28, ge=0, le=1, description="words that its source has not said before")
    length: float = Field(0.12, ge=0, le=1, description="the length of all that is told")
    names: float = Field(0.12, ge=0, le=1, description="names that are news")
    own: float = Field(0.06, ge=0, le=1, description="that somebody speaks of themself")
    counted: float = Field(0.06, ge=0, le=1, description="that it says when or how many")
    asked: float = Field(
        0.5, ge=0, le=1, description="what a word counts in a question: who asks tells less"
    )


Durability = Literal["memory", "disk", "replicas"]
"""What an acknowledged anchor is in: memory only, a synced file (WAITAOF), a replica (WAIT)."""


_GONE = (
    "memory.sleep_similarity: has no effect any more, remove it; sleep merges only what says the "
    "same in the same words"
)


class MemoryConfig(_Section):
    """How memories are kept, and how they come back."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_gone(cls, given: Any) -> Any:
        if isinstance(given, dict) and "sleep_similarity" in given:
            warnings.warn(_GONE, stacklevel=2)
            return {name: value for name, value in given.items() if name != "sleep_similarity"}
        return given

    durability: Durability = Field(
        "memory", description="what an anchor waits for; memory: not even the fsync, once a second"
    )
    durability_timeout_ms: int = Field(5000, ge=1, le=60_000)
    trigger_limit: int = Field(
        1, ge=0, le=10, description="memories that an attended thought brings back; 0: none"
    )
    trigger_damping: float = Field(
        0.6,
        gt=0,
        lt=1,
        description="share of its salience that they get; under 1, so that a mind calms down",
    )
    trigger_refractory_ms: int = Field(
        60_000, ge=1, description="how long a memory that came back stays away"
    )
    embedder: str | None = Field(
        None,
        pattern=r"^[\w.]+:\w+$",
        description="module:name of an Embedder, so that recall finds what means the same; "
        "unset: by words alone",
    )
    sleep_every_s: int = Field(
        86_400, ge=0, description="how often the service puts a mind to sleep; 0: never"
    )
    sleep_replays: int = Field(
        1000, ge=0, description="maximum memories that sleep strengthens in twelve hours"
    )
    sleep_repeats: int = Field(
        3, ge=2, description="episodes with one gist that are distilled into a semantic memory"
    )
    sleep_distiller: str | None = Field(
        None,
        pattern=r"^[\w.]+:\w+$",
        description="module:name of a Distiller, e.g. of a language model; unset: the built-in one",
    )


class QueueConfig(_Section):
    """How tasks are queued and kept. The bounds are those of each queue."""

    entries: int = Field(
        10_000, ge=1, le=10_000_000, description="tasks that have not ended; more are refused"
    )
    bytes: int = Field(64 * 1024**2, ge=1024, description="their payloads together, in bytes")
    payload_bytes: int = Field(1024**2, ge=256, description="a larger payload is refused")
    lease_s: int = Field(
        15, ge=1, le=86_400, description="a worker that is silent for so long loses its tasks"
    )
    result_ttl_s: int = Field(3600, ge=1, description="results are kept for so long")
    results_bytes: int = Field(16 * 1024**2, ge=1024, description="and so many bytes of them")
    dead_entries: int = Field(1000, ge=0, description="dead tasks that are kept, to be replayed")
    dead_bytes: int = Field(16 * 1024**2, ge=1024, description="and so many bytes of them")
    durability_timeout_ms: int = Field(5000, ge=1, le=60_000)


class CacheConfig(_Section):
    """How results of expensive computations are kept."""

    ttl_s: int = Field(3600, ge=1, le=10**9, description="a value is kept for so long")
    lease_s: int = Field(
        15, ge=1, le=86_400, description="who computes and is silent for so long has lost the key"
    )
    value_bytes: int = Field(1024**2, ge=256, description="a larger value is not kept")


class AgentsConfig(_Section):
    """Agents, and what they reserve."""

    lease_s: int = Field(
        15, ge=1, le=3600, description="an agent that is silent for so long is offline"
    )
    left_ttl_s: int = Field(
        86_400, ge=1, description="the status of an agent that has left is kept for so long"
    )
    offline_ttl_s: int = Field(
        7 * 86_400, ge=60, description="an agent that is offline for so long is forgotten"
    )

    @property
    def beat_s(self) -> float:
        """Between two heartbeats: so that one may be missed."""
        return self.lease_s * 0.45


class InferenceConfig(_Section):
    """What agents learn, and how much of it is kept."""

    quantities: int = Field(1000, ge=1, le=100_000, description="quantities of a lineage")
    agents: int = Field(
        1000, ge=1, le=100_000, description="agents that may observe one quantity of a lineage"
    )
    worlds: int = Field(100, ge=1, le=100_000, description="worlds in which an agent chooses")


_UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


def _budget(default: str, description: str) -> Any:
    return Field(default, pattern=r"^[1-9][0-9]*(%|kb|mb|gb)$", description=description)


class BudgetsConfig(_Section):
    """The plan of a server's memory (in a cluster: of each node): what each domain of keys may take
    of it, a share of `maxmemory` or an amount. The defaults are the shares of the ASI-Arch
    document, and leave 5% to clients.
    """

    thoughts: str = _budget("10%", "windows and what competes")
    memories: str = _budget("20%", "what minds remember")
    coordination: str = _budget("10%", "queues, inboxes, packets, reservations, services")
    agents: str = _budget("5%", "who is there; a kilobyte an agent")
    cache: str = _budget("40%", "results of computations, and scratch")
    inference: str = _budget("10%", "beliefs and priors")
    sample_every_s: int = Field(
        3600, ge=0, description="how often a service measures what is taken; 0: never"
    )

    def planned(self, maxmemory: int) -> dict[str, int]:
        """The bytes that each domain may take, of a server with so many."""
        return {name: _amount(said, maxmemory) for name, said in self if isinstance(said, str)}


def _amount(said: str, maxmemory: int) -> int:
    number, unit = re.fullmatch(r"([0-9]+)(\D+)", said).groups()  # type: ignore[union-attr]
    return maxmemory * int(number) // 100 if unit == "%" else int(number) * _UNITS[unit]


class MetricsConfig(_Section):
    """What a service measures of itself, for Prometheus. Needs the extra `metrics`."""

    port: int = Field(
        8701,
        ge=0,
        le=65_535,
        description="of /metrics and /healthz, on loopback; 0: nowhere",
    )


class TracesConfig(_Section):
    """Spans of thoughts and tasks, for OpenTelemetry. Needs the extra `traces`."""

    enabled: bool = False
    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^/]",
        description="a collector's address (OTLP over HTTP), e.g. http://localhost:4318; unset: as "
        "OTEL_EXPORTER_OTLP_ENDPOINT and the like say",
    )
    ratio: float | None = Field(
        None,
        ge=0,
        le=1,
        description="the share that is traced of what begins here; unset: all, or as "
        "OTEL_TRACES_SAMPLER says",
    )


class RedisConfig(_Section):
    """Where Redis is. Without a URL, the service starts an embedded server in its home."""

    url: str | None = Field(
        None,
        description="redis://, rediss:// or unix:// URL; nodes of a cluster: with commas",
    )
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = Field(None, description="a file that holds only the password")
    ca_file: Path | None = Field(None, description="certificates to trust (rediss://)")
    server_name: str | None = Field(
        None, description="whom its certificate names, if not the host in the URL (one server)"
    )
    timeout_s: float = Field(
        7, gt=0, description="for connecting, and for each reply (a failover may delay it by 5 s)"
    )
    patience_s: float = Field(
        15, ge=0, le=600, description="how long a command waits for a failover, or for a restart"
    )

    @model_validator(mode="after")
    def _one_password(self) -> "RedisConfig":
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file are both set; keep one")
        return self


class EmbeddedConfig(_Section):
    """The embedded Redis."""

    maxmemory: str = Field("256mb", pattern=r"^[0-9]+(kb|mb|gb)$")
    server: Path | None = Field(None, description="redis-server to run; unset: search for one")


def default_home() -> Path:
    """The home of a person's own mind, unless `THOUGHTSTREAM_HOME` names another.

    On macOS, platformdirs follows XDG_DATA_HOME and earlier versions did not: a home that they made
    is kept.
    """
    home = user_data_path("thoughtstream")
    if sys.platform == "darwin" and not home.exists():
        earlier = Path.home() / "Library/Application Support/thoughtstream"
        return earlier if earlier.exists() else home
    return home


class Settings(BaseSettings):
    """All settings; made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(default_factory=default_home, description="the service's own directory")
    redis: RedisConfig = RedisConfig()
    streams: StreamConfig = StreamConfig()
    salience: SalienceConfig = SalienceConfig()
    memory: MemoryConfig = MemoryConfig()
    queue: QueueConfig = QueueConfig()
    cache: CacheConfig = CacheConfig()
    agents: AgentsConfig = AgentsConfig()
    inference: InferenceConfig = InferenceConfig()
    budgets: BudgetsConfig = BudgetsConfig()
    embedded: EmbeddedConfig = EmbeddedConfig()
    web: WebConfig = WebConfig()
    metrics: MetricsConfig = MetricsConfig()
    traces: TracesConfig = TracesConfig()
    log: Literal["console", "json"] = "console"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, the common REDIS_… variables, file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=cls._file())
        common, linked = CommonRedis(settings_cls), LinkedRedis(settings_cls)
        return init_settings, Environment(settings_cls), common, file, linked

    @staticmethod
    def _file() -> Path | None:
        named = os.environ.get("THOUGHTSTREAM_CONFIG")
        if named:
            return Path(named)
        home = os.environ.get("THOUGHTSTREAM_HOME")
        own = (Path(home) if home else default_home()) / FILE_NAME
        return next((path for path in (own, SYSTEM_FILE) if path.exists()), None)


def load(**overrides: Any) -> Settings:
    """The settings in force; `overrides` (nested dicts) come from the command line.

    Raises:
        ConfigError: a value is wrong or a name unknown; nothing was started or changed.
    """
    named = os.environ.get("THOUGHTSTREAM_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError(f"THOUGHTSTREAM_CONFIG: no such file: {named}")
    try:
        return Settings(**overrides)
    except ConfigError:
        raise
    except ValidationError as error:
        raise ConfigError(explain(error, Settings)) from None
    except RuntimeError:  # platformdirs, pathlib
        raise ConfigError(
            "home: this user has no home directory; set THOUGHTSTREAM_HOME to one of its own"
        ) from None
    except ValueError as error:
        if isinstance(error.__cause__, ConfigError):  # as the sources of settings wrap it
            raise error.__cause__ from None
        raise ConfigError(f"{Settings._file()}: {error}") from None
