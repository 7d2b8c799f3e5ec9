"""What a source says becomes a thought: one that the engine takes, or none at all."""

import json
from dataclasses import dataclass, field
from typing import Any

from thoughtstream.attention.models import ENGINE_FIELDS, NewThought, check_size
from thoughtstream.config import Settings
from thoughtstream.errors import InvalidThought
from thoughtstream.senses import salience
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.salience import TEXT_WEIGHTS, Told

_KNOWN = NewThought.model_fields.keys() - {"content", "extra"}
_TAKEN = ENGINE_FIELDS - _KNOWN


@dataclass(frozen=True)
class Defaults:
    """What a thought of a feed gets if the input does not say; and the most bytes that it may have.
    `hearing`: what the feed has said so far. `worth`: what makes a text salient, and how much.
    """

    window: str
    source: str | None
    most_bytes: int
    hearing: Hearing = field(default_factory=Hearing)
    worth: Told = TEXT_WEIGHTS

    @classmethod
    def of(cls, settings: Settings, window: str, source: str | None) -> "Defaults":
        """As the settings have it."""
        hearing = Hearing(settings.salience.asked)
        worth = salience.weights(settings.salience)
        return cls(window, source, settings.streams.max_thought_bytes, hearing, worth)

    def salience(self, text: str) -> float:
        """The salience of the next text."""
        return salience.of_text(self.hearing.hear(text[: self.most_bytes]), self.worth)


def loads(text: str) -> Any:
    """The value of a text of JSON.

    Raises:
        InvalidThought: it is none.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise InvalidThought("is nested too deeply") from None
    except ValueError as error:
        raise InvalidThought(f"is not JSON: {error}") from None


def of_object(content: object, fields: dict[str, Any], defaults: Defaults) -> NewThought:
    """The thought of an object's content and its other fields. A field of a name that the engine
    uses is kept as `source_<name>`, one that is no text as JSON, one that is null not at all.

    Raises:
        InvalidThought: it can't be one, or the engine would reject it.
    """
    if not isinstance(content, str):
        raise InvalidThought(f"content: should be text (given: {content!r:.80})")
    given = {name: value for name, value in fields.items() if value is not None}
    if isinstance(given.get("extra"), dict):
        given = given.pop("extra") | given
    known = {name: value for name, value in given.items() if name in _KNOWN}
    extra = {
        _free(name, given): _text(value) for name, value in given.items() if name not in _KNOWN
    }
    return of_text(content, known, extra, defaults)


def of_text(
    content: str, known: dict[str, Any], extra: dict[str, str], defaults: Defaults
) -> NewThought:
    """The thought of a text, some fields that every thought may have, and fields of its own.

    Raises:
        InvalidThought: it can't be one, or the engine would reject it.
    """
    usual: dict[str, Any] = {"window": defaults.window, "source": defaults.source}
    if "salience" not in known:
        usual["salience"] = defaults.salience(content)
    thought = NewThought.of(content, **(usual | known), extra=extra)
    check_size(thought.entry(), defaults.most_bytes)
    return thought


def _free(name: str, given: dict[str, Any]) -> str:
    if name not in _TAKEN and name != "content":
        return name
    free = f"source_{name}"
    while free in given:
        free = f"source_{free}"
    return free


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise InvalidThought("is nested too deeply") from None
