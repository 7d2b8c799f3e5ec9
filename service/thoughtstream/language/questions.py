"""What kind of answer a question wants, and signs of it in a text; in five languages."""

import re
from functools import lru_cache

from thoughtstream.language.words import words

QUESTION_MARKS = ("?", "\uff1f", "\u061f")


def _among(*languages: str) -> frozenset[str]:
    return frozenset(word for spelled in languages for word in words(spelled))


_WHEN = ("when", "since when", "how long", "wann", "wie lange", "cuando", "cuanto tiempo", "quand",
         "combien de temps", "quando", "quanto tempo")  # fmt: skip
_COUNT = ("how many", "how much", "how often", "how old", "how long", "wie viele", "wie viel",
          "wie oft", "wie alt", "wie lange", "cuantos", "cuantas", "cuanto", "cuanta", "combien",
          "quantos", "quantas", "quanto", "quanta")  # fmt: skip
_NAME = ("who", "whom", "whose", "where", "which", "wer", "wen", "wem", "wessen", "wo", "wohin",
         "woher", "welche", "welcher", "welches", "quien", "quienes", "donde", "cual", "qui",
         "ou", "quel", "quelle", "quem", "onde", "qual")  # fmt: skip
_WHY = ("why", "how come", "warum", "wieso", "weshalb", "por que", "pourquoi")
_TITLE = _among(
    "name names called call title book books song songs movie movies film films say said",
    "heisst heissen titel buch bucher lied lieder sagt sagte",
    "llama llaman titulo libro libros cancion canciones pelicula peliculas dijo",
    "appelle titre livre livres chanson chansons dit",
    "chama titulo livro livros musica filme filmes disse",
)
_STARTS = {"when": _WHEN, "count": _COUNT, "name": _NAME, "why": _WHY}
_FIRST_WORDS = 4

FIRST_PERSON = _among(
    "i me my mine we us our im ive", "ich mich mir mein meine meinen wir uns unser unsere",
    "yo mi mis mio nosotros nuestro nuestra", "je j moi mon ma mes nous notre nos",
    "eu meu minha meus minhas nosso nossa",
)  # fmt: skip
"""Words of somebody who speaks of themself."""

NUMBERS = _among(
    "one two three four five six seven eight nine ten once twice couple few several dozen hundred",
    "zwei drei vier funf sechs sieben acht neun zehn einmal zweimal paar mehrere",
    "dos tres cuatro cinco seis siete ocho nueve diez varios varias",
    "deux trois quatre cinq six sept huit neuf dix plusieurs",
    "dois duas quatro sete oito nove dez varios varias",
)
REASONS = _among(
    "because cause cuz since so", "weil denn deshalb", "porque pues", "parce car",
    "porque pois",
)  # fmt: skip
_QUOTED = re.compile(r'["\u201c\u201e\u00ab]')


@lru_cache(maxsize=1024)
def wanted(question: str) -> frozenset[str]:
    """What a question wants, of `when`, `count`, `name` (of somebody or a place), `why` and
    `title`; empty if it isn't known.
    """
    told = words(question)
    start = f" {' '.join(told[:_FIRST_WORDS])} "
    found = {
        want
        for want, phrases in _STARTS.items()
        if any(start.startswith(f" {phrase} ") for phrase in phrases)
    }
    if not _TITLE.isdisjoint(told) or _QUOTED.search(question):
        found.add("title")
    return frozenset(found)


def is_quoting(text: str) -> bool:
    """Whether something in a text stands in quotation marks."""
    return _QUOTED.search(text) is not None
