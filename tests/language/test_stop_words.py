"""Words that say nothing, in the language of a text."""

import pytest

from thoughtstream.language.words import Query


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("What is the hat for?", {"hat"}),
        ("a red hat", {"red", "hat"}),
        ("Was hat der Hund angestellt?", {"hund", "angestellt"}),
        ("¿Qué le robaron a Inés?", {"robaron", "ines"}),
        ("Où est le chat de Marie?", {"chat", "marie"}),
        ("Onde foi que ela viu o mar?", {"viu", "mar"}),
        ("was wer wie", {"wer", "wie", "was"}),
    ],
)
def test_they_are_those_of_its_language(text: str, telling: set[str]) -> None:
    found = {form for term in Query.of(text).terms for form in (term.stem, *term.forms)}
    assert telling <= found
    assert len(Query.of(text).terms) == len(telling)
