"""FTS5's tokenizer: how the index cuts texts into words, and how a query's words are put to it."""

from thoughtstream.language.words import Term

TOKENIZER = "porter unicode61 remove_diacritics 2"
"""A word is a run of letters and digits, without case and accents (unicode61), and of it the stem
(porter). What that does not bring together (buy, bought), the forms of a query's term do.
Source: SQLite FTS5, Tokenizers.
"""


def expression(term: Term) -> str:
    """A term in FTS5's query language: any of its forms, as strings (they are letters and digits
    only).
    """
    return " OR ".join(f'"{form}"' for form in term.forms)


def storable(text: str) -> str:
    """Text that SQLite takes: no bytes that are not UTF-8, and no NUL, which would end it."""
    return text.encode(errors="replace").decode().replace("\0", " ")
