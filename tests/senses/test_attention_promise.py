"""What the salience of texts promises: attention to a fifth keeps far more than a fifth of what is
asked later, in any language; and a feed is about as salient as it always was.
"""

import statistics
from pathlib import Path

import pytest

from tests.bench import attention, languages
from tests.bench.attention import Kept, measured, part_kept
from tests.bench.recall import Conversation
from tests.senses.locomo import data_set, turns_of

CHATS = sorted((Path(__file__).parents[1] / "bench" / "chats").glob("*.json"))
FIFTH = 0.2


def read(*files: Path) -> list[Conversation]:
    return [one for file in files for one in Conversation.read(file)]


@pytest.mark.parametrize("file", CHATS, ids=lambda file: file.stem)
def test_chats_in_three_languages(file: Path) -> None:
    """As people type: at least one and a half of chance (1.1 of it, by the rule before)."""
    (found,) = [measured(one, FIFTH) for one in read(file)]
    assert found.kept >= 1.5 * found.chance


def test_one_chat_with_spaces_between_words_and_without(tmp_path: Path) -> None:
    """All that can be kept of a chat where nearly every turn is asked for once."""
    for one in read(*languages.written(tmp_path)):
        found = measured(one, FIFTH)
        assert found.kept == found.ideal, one.name


def test_the_data_set_where_it_is_beside_us() -> None:
    """Half of the evidence, and more than by length; a median as the rule before had it (0.55)."""
    if conversations := read(*data_set()):
        found = attention.mean([measured(one, FIFTH) for one in conversations])
        assert found.kept >= max(0.5, found.length + 0.05)
        saliences = [turn.salience for one in conversations for turn in turns_of(one.turns)]
        assert statistics.median(saliences) == pytest.approx(0.55, abs=0.05)


def test_what_is_kept_is_counted_by_need_and_ties_go_to_the_first() -> None:
    assert part_kept([1, 0, 3, 0, 0], [0.5, 0.5, 0.9, 0.1, 0.1], 0.2) == 0.75
    assert part_kept([1, 0, 3, 0, 0], [0.5, 0.5, 0.9, 0.1, 0.1], 0.4) == 1
    assert part_kept([0, 0, 0], [1, 2, 3], 1) == 0
    assert attention.mean([Kept(0, 0.5, 0, 1), Kept(1, 0.5, 0, 1)]) == Kept(0.5, 0.5, 0, 1)


@pytest.mark.parametrize("share", ["0", "1.5", "-1"])
def test_a_share_is_a_part(share: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["attention", "--share", share, "x.json"])
    with pytest.raises(SystemExit, match="2"):
        attention.main()
