"""Terminal style: a colour for each window, bars, and text made safe to print."""

import hashlib
import unicodedata

from rich.text import Text

_STANDARD = {
    "sensory": "cyan",
    "memory": "magenta",
    "emotion": "bright_red",
    "reasoning": "yellow",
}
_OTHERS = (
    "green", "blue", "bright_green", "bright_cyan", "bright_magenta", "dark_orange",
    "medium_purple1", "light_pink3", "spring_green2", "steel_blue1",
)  # fmt: skip
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_BAR = 8
_PLACE = "\ue000"


def colour(window: str) -> str:
    """The colour of a window; always the same for the same name."""
    digest = hashlib.blake2b(window.encode(errors="surrogateescape"), digest_size=2).digest()
    return _STANDARD.get(window) or _OTHERS[int.from_bytes(digest) % len(_OTHERS)]


def window(name: str, width: int) -> Text:
    """A window's name in its colour, padded or cut to this width."""
    shown = text(name)
    shown.truncate(width, overflow="ellipsis", pad=True)
    shown.stylize(colour(name))
    return shown


def bar(value: float, window_: str, cells: int = _BAR) -> Text:
    """A value from 0 to 1 as a bar; larger values fill it."""
    eighths = round(max(0.0, min(value, 1.0)) * cells * 8)
    full, part = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[part] if part else "")
    return Text(drawn.ljust(cells), style=colour(window_))


def text(content: str) -> Text:
    """Content on one line, without control characters."""
    return Text("".join(_printable(c) for c in " ".join(content.split())), no_wrap=True)


def filled(markup: str, *values: object) -> Text:
    """Our markup, with what is foreign in place of each `{}`: shown as it is, never obeyed."""
    whole = Text.from_markup(markup.replace("{}", _PLACE), emoji=False)
    parts = whole.split(_PLACE, include_separator=True, allow_blank=True)
    filled_in, rest = Text(), iter(values)
    for part in parts:
        ends = part.plain.endswith(_PLACE)
        place, styles = len(part) - 1, list(part.spans)
        if ends:
            part.right_crop(1)
        filled_in.append_text(part)
        if ends:
            value = Text("".join(map(_printable, str(next(rest)))))
            for span in styles:
                if span.start <= place < span.end:
                    value.stylize(span.style)
            filled_in.append_text(value)
    return filled_in


def clean(lines: str) -> str:
    """Text without control characters; its lines remain."""
    return lines if lines.isascii() and lines.isprintable() else "".join(map(_clean, lines))


def _clean(character: str) -> str:
    return character if character == "\n" else _printable(character)


def _printable(character: str) -> str:
    return "�" if unicodedata.category(character)[0] == "C" else character
