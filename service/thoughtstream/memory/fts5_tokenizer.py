"""FTS5's tokenizer: how the index cuts texts into words, and how a query's words are put to it."""

from thoughtstream.language.words import Term, token

TOKENIZER = "ascii"
"""What it is given is words already: stems in ASCII, apart. Source: SQLite FTS5, Tokenizers."""


def expression(term: Term) -> str:
    """A term in FTS5's query language: any of its forms, as strings (they are letters and digits
    only).
    """
    return " OR ".join(f'"{token(form)}"' for form in term.forms)


def storable(text: str) -> str:
    """Text that SQLite takes: no bytes that are not UTF-8, and no NUL, which would end it."""
    return text.encode(errors="replace").decode().replace("\0", " ")
