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


def _printable(character: str) -> str:
    return "�" if unicodedata.category(character)[0] == "C" else character
