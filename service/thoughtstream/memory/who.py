"""Who said a memory, and whom a question names."""

import re
from collections.abc import Iterable, Mapping

from thoughtstream.language.english import STOP_WORDS
from thoughtstream.language.words import words

_MACHINE = re.compile(
    r"[/\\:=<>{}|]|\d{3}|_|^\W|\.(?:py|log|txt|jsonl?|md|csv|ya?ml)$"
    r"|^(?:stdin|host|logs?|processes|sensor|api|cli|cron|import|test|trigger|unknown|web|file|feed)$",
    re.IGNORECASE,
)
_MOST_CHARACTERS = 60
_MOST_WORDS = 5
_SMALL = re.compile(r"\b[a-z]+\b")

_NAMES = """
    angel art august april bill bob carol chance charity chase christian clay dale dawn dean drew
    earnest eve faith frank gene glen grace grant guy harmony heather hope ivy jack jasmine jean joy
    june lance lee lily mark may melody miles olive pat pearl penny pierce poppy ray rich rob robin
    rose ruby rusty sandy skip sky sue summer victor violet wade will woody
"""
_WORDS_TOO = STOP_WORDS | set(_NAMES.split())


def speaker_of(fields: Mapping[str, str]) -> str | None:
    """Who said a memory of these fields: its `speaker`, else its `role` in a chat, else its
    `source`; None if that is nobody: a path, an address, a program's name for itself.
    """
    speaker = fields.get("speaker", "").strip() or fields.get("role", "").strip()
    if speaker:
        return speaker
    source = fields.get("source", "").strip()
    return source if _may_be_a_name(source) else None


def is_named(name: str, speaker: str) -> bool:
    """Whether somebody who asks for `name` means this speaker: by the whole name, or by words that
    begin it ("Ana" for Ana Souza) or end it ("Souza").
    """
    asked, whole = words(name), words(speaker)
    return bool(asked) and asked in (whole, whole[: len(asked)], whole[-len(asked) :])


def named_in(text: str, speakers: Iterable[str]) -> set[str]:
    """Those of the speakers whom a text names, by all of their name, by the first word of it or by
    the last ("Ana's", "ANA", "Ana Souza"). Who is named in full is meant alone.
    """
    told = words(text)
    joined = f" {' '.join(told)} "
    names = {speaker: words(speaker) for speaker in speakers}
    full = {one for one, name in names.items() if len(name) > 1 and f" {' '.join(name)} " in joined}
    spoken = _names_among(told, text) - {word for one in full for word in names[one]}
    return full | {one for one, name in names.items() if spoken.intersection(name[:1] + name[-1:])}


def _names_among(told: list[str], text: str) -> set[str]:
    """The words of a text that may be names: what is a word, too, only with a capital letter. With
    the name that a genitive ("Lenas") is of.
    """
    small = set(_SMALL.findall(text))
    names = {word for word in told if word not in _WORDS_TOO or word not in small}
    return names | {word[:-1] for word in names if word.endswith("s") and word not in small}


def _may_be_a_name(source: str) -> bool:
    return (
        0 < len(source) <= _MOST_CHARACTERS
        and 0 < len(words(source)) <= _MOST_WORDS
        and not _MACHINE.search(source)
    )
