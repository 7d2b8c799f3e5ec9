"""The days that a text speaks of: "7 May 2023", "last Friday", "vor zwei Wochen", "em julho".

A text is read as the language it is most likely in; the words are in `calendars.py`. Of the
libraries, dateparser's `search_dates` knows more languages, but takes 1 to 5 ms a sentence, finds
days in "May I", "We" and "and now", and none in "la semaine dernière".
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

from thoughtstream.language.calendars import CALENDARS, Calendar
from thoughtstream.language.words import MOST_CHARACTERS, words

_DAY, _WEEK, _MONTH, _YEAR = range(4)
_WEEKEND_BEGINS = 5
_MONTHS = 12
_CENTURY = 2000
_SHORT_YEAR = 100
_NUMERIC = re.compile(
    r"(?<![\w./-])(?:(?P<y>[12]\d{3})([-/.])(?P<m>\d\d?)\2(?P<d>\d\d?)(?=T\d|(?![\w/-]|\.\d))"
    r"|(?P<one>\d\d?)(?:(?P<sign>[-/])(?P<other>\d\d?)(?P=sign)(?P<short>\d\d|[12]\d{3})"
    r"|\.(?P<month>\d\d?)\.(?P<year>[12]\d{3}))(?![\w/-]|\.\d))"
)
_WORD = re.compile(r"\d+\.|\w+|[;:!?]")
_DIGIT = re.compile(r"\d")


class Span(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


Parts = Mapping[str, str]


class _Found(NamedTuple):
    """Days in a text, and where: sorts by place, the longer ones first."""

    start: int
    minus_end: int
    span: Span


class _Told(NamedTuple):
    """When something is told: relative words count from `today`; a month without a year is the
    latest that has begun by `latest`, and the next one after it if the text speaks of what comes.
    """

    today: date
    latest: date
    is_coming: bool


def days_in(text: str, today: date, *, latest: date | None = None) -> list[Span]:
    """The days that a text speaks of, each once: those in numbers, then those in words.

    A week is Monday to Sunday; a month, a year or a week is all of its days; "two weeks ago" is
    that week. "Friday" is the last one, unless the text speaks of what comes. A date without a year
    is the nearest of its kind, a month without a year the latest. 07/05/2023 is the day first,
    except in English, where it may be either day.

    Args:
        today: what relative words count from: the day on which the text was said.
        latest: instead of today, for dates and months without a year.
    """
    return list(_days(text[:MOST_CHARACTERS], today, latest or today))


def may_speak_of_days(text: str, told: Collection[str]) -> bool:
    """Whether `days_in` can find any in a text of these words; told quickly."""
    return _DIGIT.search(text) is not None or not _vocabulary().isdisjoint(told)


@lru_cache(maxsize=4096)
def _days(text: str, today: date, latest: date) -> tuple[Span, ...]:
    told = set(words(text))
    if not may_speak_of_days(text, told):
        return ()
    likely = _likely(told)
    found: list[_Found] = []
    if has_digit := _DIGIT.search(text) is not None:
        found += _numeric(text, likely[0].day_first)
        text = _NUMERIC.sub(lambda m: f" {'x' * len(m[0])} ", text)
    speaking = [one for one in likely if has_digit or not told.isdisjoint(one.vocabulary)]
    spaced = _spaced(text) if speaking else ""
    spoken = sorted(one for reader in speaking for one in reader.find(spaced, today, latest))
    return tuple(dict.fromkeys(one.span for one in (*found, *_apart(spoken))))


def _apart(found: Iterable[_Found]) -> Iterator[_Found]:
    """Without what another language sees in a part of the same words."""
    end = 0
    for one in found:
        if one.start >= end:
            yield one
            end = -one.minus_end


# --- numbers alone ---------------------------------------------------------------------------
def _numeric(text: str, day_first: bool | None) -> Iterator[_Found]:
    for match in _NUMERIC.finditer(text):
        if match["y"]:
            readings = [(match["y"], match["m"], match["d"])]
        elif match["month"]:
            readings = [(match["year"], match["month"], match["one"])]
        else:
            by_day = (match["short"], match["other"], match["one"])
            by_month = (match["short"], match["one"], match["other"])
            readings = [by_day] if day_first and int(match["other"]) <= _MONTHS else []
            readings = readings or [by_day, by_month]
        for year, month, day in readings:
            if when := _date(_full(int(year)), int(month), int(day)):
                yield _Found(match.start(), -match.end(), Span(when, when))


def _full(year: int) -> int:
    return year + _CENTURY if year < _SHORT_YEAR else year


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# --- words -----------------------------------------------------------------------------------
def _spaced(text: str) -> str:
    """A text without accents, one blank between its words; the signs that matter stay.

    Kept is the case: that of "May" tells it from the verb.
    """
    return " ".join(_WORD.findall(_plain(text)))


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return "".join(_letter(character) for character in text)


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    found = words(character)
    plain = found[0] if found else character
    return plain.upper() if character.isupper() else plain


@cache
def _readers() -> tuple["_Reader", ...]:
    return tuple(map(_Reader, CALENDARS))


@cache
def _vocabulary() -> frozenset[str]:
    """The words of days in all languages."""
    return frozenset(word for reader in _readers() for word in reader.vocabulary)


def _likely(told: set[str]) -> list["_Reader"]:
    """The languages that a text of these words may be in: those of which it has the most common
    words, or one less, the likeliest first; all, if it has none of any.
    """
    hits = {reader: len(told & reader.common) for reader in _readers()}
    most = max(hits.values())
    least = max(1, most - 1) if most else 0
    return sorted((one for one in hits if hits[one] >= least), key=lambda one: -hits[one])


class _Reader:
    """Reads texts of one language."""

    def __init__(self, calendar: Calendar) -> None:
        self.common = frozenset(calendar.common.split())
        self.day_first = calendar.day_first
        self._months = _numbered(calendar.months)
        self._weekdays = _numbered(calendar.weekdays)
        self._units = _numbered(calendar.units)
        self._numbers = {word: n + 1 for word, n in _numbered(calendar.numbers).items()}
        self._days = list(calendar.days.values())
        self._coming = re.compile(rf"\b(?:{calendar.coming})\b", re.IGNORECASE)
        self._slots = _slots(calendar)
        named = " ".join(
            (calendar.months, calendar.weekdays, calendar.units, calendar.weekend, *calendar.days)
        )
        self.vocabulary = frozenset(re.findall(r"\w\w+", named)) - self.common
        self._pattern, self._meanings = self._compiled(calendar)

    def find(self, text: str, today: date, latest: date) -> Iterator[_Found]:
        """The days in a spaced text, each with its place."""
        told = _Told(today, latest, self._coming.search(text) is not None)
        for match in self._pattern.finditer(text):
            name = match.lastgroup or ""
            suffix = name.removeprefix("t")
            parts = {
                key.rpartition("_")[0]: value.lower()
                for key, value in match.groupdict().items()
                if value is not None and key.endswith(f"_{suffix}")
            }
            try:
                span = self._meanings[int(suffix)](parts, told)
            except (ValueError, OverflowError):  # 30 February; before the year 1
                continue
            if span is not None:
                yield _Found(match.start(), -match.end(), span)

    def _compiled(
        self, calendar: Calendar
    ) -> tuple[re.Pattern[str], list[Callable[[Parts, _Told], Span | None]]]:
        """All templates as one pattern, the more telling before the less; what each means."""
        of = f"(?: (?:{calendar.year_after}))?" if calendar.year_after else ""
        with_year, maybe_year = f"{of} {{year}}", f"(?:{of} {{year}})?"
        named = sorted(calendar.days.items(), key=lambda item: -len(item[0]))
        rules: list[tuple[str, Callable[[Parts, _Told], Span | None]]] = [
            *((template, lambda *_: None) for template in calendar.nothing),
            *((phrase, _distance(days)) for phrase, days in named),
            *((f"{template}{maybe_year}", self._on_date) for template in calendar.dates),
            *((template, self._lately) for template in calendar.lately),
            *((template, self._counted(-1)) for template in calendar.ago),
            *((template, self._counted(1)) for template in calendar.ahead),
            *((template, self._named(-1)) for template in calendar.last),
            *((template, self._named(0)) for template in calendar.this),
            *((template, self._named(1)) for template in calendar.next),
            (f"{{month}}{with_year}", self._in_month),
            *((f"{template}{maybe_year}", self._in_month) for template in calendar.in_month),
            *((template, _in_year) for template in calendar.in_year),
            *((template, self._on_weekday) for template in calendar.on),
        ]
        alternatives = (
            f"(?P<t{number}>{self._expression(template, number)})"
            for number, (template, _) in enumerate(rules)
        )
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)
        return pattern, [meaning for _, meaning in rules]

    def _expression(self, template: str, number: int) -> str:
        template = template.replace(" ", r"\.? ")
        whole = template.replace("{}", "(?:{weekday}|{unit}|{weekend}|{Month})")
        return re.sub(
            r"\{([a-zA-Z]+)\}",
            lambda m: f"(?P<{m[1].lower()}_{number}>{self._slots[m[1]]})",
            whole,
        )

    # --- what a phrase means -----------------------------------------------------------------
    def _month(self, parts: Parts) -> int:
        return self._months[parts.get("month") or parts["name"]] + 1

    def _count(self, parts: Parts) -> int:
        return self._numbers.get(parts["n"]) or int(parts["n"])

    def _on_date(self, parts: Parts, told: _Told) -> Span | None:
        digits = re.match(r"\d+", parts.get("day") or parts["ordinal"])
        month, day = self._month(parts), int(digits[0]) if digits else 0
        if "year" in parts:
            when = date(int(parts["year"]), month, day)
            return Span(when, when)
        years = (told.latest.year + step for step in (-1, 0, 1))
        known = [found for year in years if (found := _date(year, month, day))]
        nearest = min(known, key=lambda found: abs(found - told.latest), default=None)
        return None if nearest is None else Span(nearest, nearest)

    def _in_month(self, parts: Parts, told: _Told) -> Span:
        month = self._month(parts)
        if "year" in parts:
            return _unit(date(int(parts["year"]), month, 1), _MONTH, 0)
        is_over = month < told.latest.month
        is_ahead = month > told.latest.month
        step = int(is_over) if told.is_coming else -int(is_ahead)
        return _unit(date(told.latest.year + step, month, 1), _MONTH, 0)

    def _counted(self, sign: int) -> Callable[[Parts, _Told], Span]:
        return lambda parts, told: _unit(
            told.today, self._units[parts["unit"]], sign * self._count(parts)
        )

    def _lately(self, parts: Parts, told: _Told) -> Span:
        before = _unit(told.today, self._units[parts["unit"]], -self._count(parts))
        return Span(before.first, told.today)

    def _named(self, step: int) -> Callable[[Parts, _Told], Span | None]:
        """Last (-1), this (0) or next (1): a unit, a weekday, a weekend, a month."""

        def meaning(parts: Parts, told: _Told) -> Span | None:
            today = told.today
            if "unit" in parts:
                return _unit(today, self._units[parts["unit"]], step)
            if "weekend" in parts:
                week = _unit(today, _WEEK, step).first
                return Span(week + timedelta(_WEEKEND_BEGINS), week + timedelta(6))
            if "weekday" in parts:
                return _weekday(today, self._weekdays[parts["weekday"]], step)
            month = self._month(parts)
            past = -int(month >= today.month) if step < 0 else int(month <= today.month)
            return _unit(date(today.year + (past if step else 0), month, 1), _MONTH, 0)

        return meaning

    def _on_weekday(self, parts: Parts, told: _Told) -> Span:
        weekday = self._weekdays[parts["weekday"]]
        if told.today.weekday() == weekday:
            return Span(told.today, told.today)
        return _weekday(told.today, weekday, 1 if told.is_coming else -1)


def _slots(calendar: Calendar) -> dict[str, str]:
    months, weekdays = _numbered(calendar.months), _numbered(calendar.weekdays)
    doubtful = calendar.doubtful
    marked = f"(?:{calendar.mark})"
    day = r"(?:3[01]|[12]\d|0?[1-9])"
    full = {group.split("|")[0].strip() for group in calendar.months.split(";")}
    return {
        "day": f"{day}{marked}?",
        "ordinal": day + marked,
        "year": r"(?:19|20)\d\d",
        "n": rf"\d{{1,3}}|{_any(_numbered(calendar.numbers))}",
        "month": _any(months),
        "Month": "|".join(
            f"(?-i:{word[0].upper()}){word[1:]}" if word in doubtful else word
            for word in sorted(months, key=len, reverse=True)
        ),
        "name": _any(full - doubtful),
        "weekday": _any(weekdays),
        "Weekday": _any(group.split("|")[0].strip() for group in calendar.weekdays.split(";")),
        "unit": _any(_numbered(calendar.units)),
        "weekend": _any(calendar.weekend.split("|")),
    }


def _numbered(groups: str) -> dict[str, int]:
    return {
        word.strip(): number
        for number, group in enumerate(groups.split(";"))
        for word in group.split("|")
    }


def _any(found: Iterable[str]) -> str:
    return "|".join(sorted(found, key=lambda word: (-len(word), word)))


# --- days ------------------------------------------------------------------------------------
def _distance(days: int) -> Callable[[Parts, _Told], Span]:
    def meaning(_: Parts, told: _Told) -> Span:
        when = told.today + timedelta(days)
        return Span(when, when)

    return meaning


def _in_year(parts: Parts, _: _Told) -> Span:
    return _unit(date(int(parts["year"]), 1, 1), _YEAR, 0)


def _unit(today: date, unit: int, step: int) -> Span:
    """The day, week, month or year that is `step` of them away from today's."""
    if unit == _DAY:
        when = today + timedelta(step)
        return Span(when, when)
    if unit == _WEEK:
        monday = today + timedelta(7 * step - today.weekday())
        return Span(monday, monday + timedelta(6))
    if unit == _YEAR:
        return Span(date(today.year + step, 1, 1), date(today.year + step, 12, 31))
    year, month = divmod(today.year * _MONTHS + today.month - 1 + step, _MONTHS)
    after, following = divmod(year * _MONTHS + month + 1, _MONTHS)
    return Span(date(year, month + 1, 1), date(after, following + 1, 1) - timedelta(1))


def _weekday(today: date, weekday: int, step: int) -> Span:
    """The last one before today (-1), that of this week (0), the next one after today (1)."""
    ahead = (weekday - today.weekday()) % 7
    if step == 0:
        when = today + timedelta(weekday - today.weekday())
    else:
        when = today + timedelta((ahead or 7) if step > 0 else ahead - 7)
    return Span(when, when)


def words_of_time(told: Iterable[str]) -> int:
    """How many of these words are used to say when something is: days, months, units of time."""
    return len(_vocabulary().intersection(told))
