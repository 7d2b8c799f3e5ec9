"""The file of the FTS5 index, opened twice as two processes do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from thoughtstream.language.words import Query, indexed
from thoughtstream.memory.fts5_file import Fts5File, Row
from thoughtstream.memory.index import Wanted
from thoughtstream.memory.models import Filters, Location

ROW = Row("5-0", 5, "sensory", indexed("an olive"), "[]")
PLACE = Location("episodic", "5-0")
OLIVES = Wanted(Query.of("olive"), {"oliv": 1.0}, Filters(), 10)


def locations(file: Fts5File) -> list[Location]:
    proposal = file.find(OLIVES, {})
    assert proposal is not None
    assert file.count(Query.of("olive"), {}) == {"oliv": len(proposal.locations)}
    return proposal.locations


def test_what_both_read_is_there_once(tmp_path: Path) -> None:
    with closing(Fts5File(tmp_path / "a.db")) as one, closing(Fts5File(tmp_path / "a.db")) as other:
        for file in (one, other):
            file.add("episodic", None, [ROW])
        assert locations(one) == locations(other) == [PLACE]


def test_who_is_late_does_not_clear_what_another_has_read(tmp_path: Path) -> None:
    with closing(Fts5File(tmp_path / "a.db")) as one, closing(Fts5File(tmp_path / "a.db")) as other:
        one.add("episodic", None, [Row("4-0", 4, "sensory", indexed("an apple"), "[]")])
        other.add("episodic", "4-0", [ROW])
        one.clear("episodic", "4-0")
        assert locations(one) == [PLACE]


def test_who_has_read_more_waits_for_who_begins_anew(tmp_path: Path) -> None:
    with closing(Fts5File(tmp_path / "a.db")) as one, closing(Fts5File(tmp_path / "a.db")) as other:
        one.add("episodic", None, [ROW])
        read = one.marks()
        other.clear("episodic", "5-0")
        assert one.find(OLIVES, read) is None
        one.add("episodic", "5-0", [Row("6-0", 6, "sensory", indexed("two olives"), "[]")])
        assert locations(one) == []
        other.add("episodic", None, [ROW])
        assert one.find(OLIVES, read) is not None


def test_what_takes_the_place_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    with closing(Fts5File(tmp_path / "a.db")) as file:
        file.add("episodic", None, [ROW])
        assert locations(file) == [PLACE]
        file.clear("episodic", "5-0")
        file.add("episodic", None, [ROW._replace(entry="6-0")])
        known = file.find(replace(OLIVES, known=[PLACE]), {})
        assert known is not None
        assert known.locations == [Location("episodic", "6-0")]
        assert list(known.sketches) == known.locations


def test_what_another_has_begun_anew_is_not_taken_for_what_was(tmp_path: Path) -> None:
    rows = [ROW, ROW._replace(entry="6-0")]
    places = [Location("episodic", row.entry) for row in rows]
    with closing(Fts5File(tmp_path / "a.db")) as one, closing(Fts5File(tmp_path / "a.db")) as other:
        one.add("episodic", None, rows)
        assert locations(one) == places
        other.clear("episodic", "6-0")
        other.add("episodic", None, rows[::-1])
        found = one.find(replace(OLIVES, known=places), {})
        assert found is not None
        assert found.locations == places[::-1]


def test_sketches_are_given_of_what_is_not_known(tmp_path: Path) -> None:
    with closing(Fts5File(tmp_path / "a.db")) as file:
        file.add("episodic", None, [ROW, ROW._replace(entry="6-0")])
        assert len(locations(file)) == 2
        found = file.find(replace(OLIVES, known=[PLACE]), {})
        assert found is not None
        assert found.sketches == {Location("episodic", "6-0"): ROW.sketch}


def test_rare_words_and_short_memories_come_first(tmp_path: Path) -> None:
    told = ["a tree in a garden of his", "an olive among many others", "an olive", "trees"]
    rows = [Row(f"{at}-0", at, "sensory", indexed(text), "[]") for at, text in enumerate(told, 1)]
    wanted = Wanted(Query.of("olive tree"), {"oliv": 3.0, "tree": 1.0}, Filters(), 3)
    with closing(Fts5File(tmp_path / "a.db")) as file:
        file.add("episodic", None, rows)
        found = file.find(wanted, {})
    assert found is not None
    assert [one.entry for one in found.locations] == ["3-0", "2-0", "4-0"]


def test_who_finds_it_broken_keeps_what_another_made_anew(tmp_path: Path) -> None:
    one, other = Fts5File(tmp_path / "a.db"), Fts5File(tmp_path / "a.db")
    other.discard()
    with closing(Fts5File(tmp_path / "a.db")) as anew:
        anew.add("episodic", None, [ROW])
        one.discard()
    with closing(Fts5File(tmp_path / "a.db")) as kept:
        assert locations(kept) == [PLACE]


def test_many_make_it_at_once(tmp_path: Path) -> None:
    def make(path: Path, start: threading.Barrier) -> None:
        start.wait()
        Fts5File(path).close()

    for attempt in range(20):
        path, start = tmp_path / f"{attempt}.db", threading.Barrier(8)
        with ThreadPoolExecutor(8) as threads:
            for made in [threads.submit(make, path, start) for _ in range(8)]:
                made.result()
