"""Which days a text speaks of, in every language that has a table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.language.calendars import CALENDARS
from thoughtstream.language.times import Span, days_in

WEDNESDAY = date(2023, 5, 17)


def said(text: str, today: date = WEDNESDAY) -> str:
    """The days of a text, for short."""
    return " ".join(
        str(first) if first == last else f"{first}..{last}" for first, last in days_in(text, today)
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        # absolute
        ("We met on 7 May 2023.", "2023-05-07"),
        ("May 7th was warm", "2023-05-07"),
        ("May 7, 2021", "2021-05-07"),
        ("the 7th of may", "2023-05-07"),
        ("1 Jan is near", "2023-01-01"),
        ("on December 30th", "2022-12-30"),
        ("2023-05-07T10:00:00Z", "2023-05-07"),
        ("2023-05-07, 2023/5/8 and 07.05.2023", "2023-05-07 2023-05-08"),
        ("What happened on 05/13/2023?", "2023-05-13"),
        ("the 13/05/23", "2023-05-13"),
        ("on 07/05/2023", "2023-05-07 2023-07-05"),
        ("We went there in July.", "2022-07-01..2022-07-31"),
        ("We are going to Lisbon in July", "2023-07-01..2023-07-31"),
        ("since March 2021", "2021-03-01..2021-03-31"),
        ("in February", "2023-02-01..2023-02-28"),
        ("I moved in 2022", "2022-01-01..2022-12-31"),
        # relative
        ("What did Ana do last Friday?", "2023-05-12"),
        ("I saw her on Friday", "2023-05-12"),
        ("I'll see her on Friday", "2023-05-19"),
        ("next Wed or next Thursday", "2023-05-18"),
        ("yesterday, today and tomorrow", "2023-05-16 2023-05-17 2023-05-18"),
        ("the day before yesterday", "2023-05-15"),
        ("two weeks ago", "2023-05-01..2023-05-07"),
        ("3 days ago", "2023-05-14"),
        ("a couple of months ago", "2023-03-01..2023-03-31"),
        ("a year ago", "2022-01-01..2022-12-31"),
        ("last week", "2023-05-08..2023-05-14"),
        ("this weekend", "2023-05-20..2023-05-21"),
        ("last weekend", "2023-05-13..2023-05-14"),
        ("next month", "2023-06-01..2023-06-30"),
        ("last month and last year", "2023-04-01..2023-04-30 2022-01-01..2022-12-31"),
        ("in two weeks", "2023-05-29..2023-06-04"),
        ("the past three days", "2023-05-14..2023-05-17"),
        ("last July", "2022-07-01..2022-07-31"),
        ("last May", "2022-05-01..2022-05-31"),
        # none
        ("May I come in? You may, and she may be 7.", ""),
        ("Only 7 may come", ""),
        ("they march 10 miles", ""),
        ("The second one sat in the sun, a sec ago", ""),
        ("April and June are my sisters", ""),
        ("every Friday", ""),
        ("version 1.2.2023.4 of 31/31/2023, call 0151-23-45", ""),
        ("at 10:30, 5 apples, 20%", ""),
        ("the last day of school", ""),
        ("30 February 2023", ""),
        ("I ran the charity race", ""),
        ("", ""),
    ],
)
def test_english(text: str, days: str) -> None:
    assert said(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Am 7. Mai 2023 war ich in Köln", "2023-05-07"),
        ("Das war am 07.05.2023", "2023-05-07"),
        ("am 7/5/2023 habe ich", "2023-05-07"),
        ("Was haben wir im März gemacht?", "2023-03-01..2023-03-31"),
        ("Im Juli werde ich verreisen", "2023-07-01..2023-07-31"),
        ("im Jahr 2022", "2022-01-01..2022-12-31"),
        ("vorgestern war ich im Kino, gestern nicht", "2023-05-15 2023-05-16"),
        ("letzten Freitag", "2023-05-12"),
        ("Am Freitag war ich dort", "2023-05-12"),
        ("vor zwei Wochen", "2023-05-01..2023-05-07"),
        ("vor einem Jahr", "2022-01-01..2022-12-31"),
        ("letzte Woche", "2023-05-08..2023-05-14"),
        ("nächsten Monat", "2023-06-01..2023-06-30"),
        ("dieses Wochenende", "2023-05-20..2023-05-21"),
        ("letztes Wochenende", "2023-05-13..2023-05-14"),
        ("in drei Tagen", "2023-05-20"),
        ("Übermorgen komme ich", "2023-05-19"),
        ("Guten Morgen! Am Morgen trinke ich Tee", ""),
        ("Ich bin hier", ""),
    ],
)
def test_german(text: str, days: str) -> None:
    assert said(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("le 7 mai 2023 à Paris", "2023-05-07"),
        ("le 1er mai", "2023-05-01"),
        ("le 07/05/2023 on a", "2023-05-07"),
        ("Qu'est-ce qu'on a fait en février ?", "2023-02-01..2023-02-28"),
        ("je vais à Nice en août", "2023-08-01..2023-08-31"),
        ("en 2022", "2022-01-01..2022-12-31"),
        ("je l'ai vue hier, et avant-hier", "2023-05-16 2023-05-15"),
        ("aujourd'hui", "2023-05-17"),
        ("vendredi dernier", "2023-05-12"),
        ("je l'ai vu vendredi", "2023-05-12"),
        ("il y a deux semaines", "2023-05-01..2023-05-07"),
        ("il y a un an", "2022-01-01..2022-12-31"),
        ("la semaine dernière on a mangé", "2023-05-08..2023-05-14"),
        ("le mois prochain", "2023-06-01..2023-06-30"),
        ("ce week-end", "2023-05-20..2023-05-21"),
        ("le week-end dernier", "2023-05-13..2023-05-14"),
        ("dans trois jours", "2023-05-20"),
        ("la planète Mars et les barres de mars", ""),
    ],
)
def test_french(text: str, days: str) -> None:
    assert said(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("el 7 de mayo de 2023", "2023-05-07"),
        ("el 07/05/2023 fue", "2023-05-07"),
        ("¿Qué hicimos en marzo?", "2023-03-01..2023-03-31"),
        ("en 2022", "2022-01-01..2022-12-31"),
        ("ayer fui al cine, anteayer no", "2023-05-16 2023-05-15"),
        ("el viernes pasado", "2023-05-12"),
        ("hace dos semanas fui a Madrid", "2023-05-01..2023-05-07"),
        ("hace un año", "2022-01-01..2022-12-31"),
        ("la semana pasada", "2023-05-08..2023-05-14"),
        ("nos vemos la semana que viene", "2023-05-22..2023-05-28"),
        ("el próximo mes", "2023-06-01..2023-06-30"),
        ("este fin de semana", "2023-05-20..2023-05-21"),
        ("el fin de semana pasado", "2023-05-13..2023-05-14"),
        ("dentro de tres días", "2023-05-20"),
        ("mañana voy; por la mañana no", "2023-05-18"),
        ("pasado mañana", "2023-05-19"),
        ("pan con mayo y Marco", ""),
    ],
)
def test_spanish(text: str, days: str) -> None:
    assert said(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("no dia 7 de maio de 2023", "2023-05-07"),
        ("em 07/05/2023 a Ana foi", "2023-05-07"),
        ("O que fizemos em março?", "2023-03-01..2023-03-31"),
        ("em 2022", "2022-01-01..2022-12-31"),
        ("ontem fui ao cinema, anteontem não", "2023-05-16 2023-05-15"),
        ("na sexta-feira passada", "2023-05-12"),
        ("eu o vi na sexta", "2023-05-12"),
        ("há duas semanas", "2023-05-01..2023-05-07"),
        ("dois meses atrás", "2023-03-01..2023-03-31"),
        ("a semana passada fomos à praia", "2023-05-08..2023-05-14"),
        ("a semana que vem", "2023-05-22..2023-05-28"),
        ("no próximo mês", "2023-06-01..2023-06-30"),
        ("este fim de semana", "2023-05-20..2023-05-21"),
        ("no fim de semana passado", "2023-05-13..2023-05-14"),
        ("depois de amanhã", "2023-05-19"),
        ("O Marco foi embora, a segunda vez", ""),
    ],
)
def test_portuguese(text: str, days: str) -> None:
    assert said(text) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [("会议在 2023-05-07 举行", "2023-05-07"), ("встреча 13.05.2023 в Москве", "2023-05-13"),
     ("встреча завтра", "")],
)  # fmt: skip
def test_in_other_languages_numbers_are_understood(text: str, days: str) -> None:
    assert said(text) == days


def test_a_month_without_a_year_is_the_latest_by_the_given_day() -> None:
    newest = date(2021, 3, 1)
    assert days_in("in July and last week", WEDNESDAY, latest=newest) == [
        Span(date(2020, 7, 1), date(2020, 7, 31)),
        Span(date(2023, 5, 8), date(2023, 5, 14)),
    ]


@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), st.dates(date(1, 1, 1)), st.integers(0, 4))
def test_a_date_in_full_is_that_day_whenever_it_is_said(
    day: date, today: date, language: int
) -> None:
    month = CALENDARS[language].months.split(";")[day.month - 1].split("|")[0].strip()
    between = " de " if language > 2 else " "
    text = f"{day.day}{between}{month.capitalize()}{between}{day.year}"
    assert days_in(text, today) == [Span(day, day)]


@given(st.text(), st.dates())
def test_any_text_can_be_read(text: str, today: date) -> None:
    assert all(first <= last for first, last in days_in(text, today))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_last_friday_is_a_friday_of_the_seven_days_before(today: date) -> None:
    [span] = days_in("last Friday", today)
    assert span.first == span.last
    assert span.first.weekday() == 4
    assert timedelta(1) <= today - span.first <= timedelta(7)
