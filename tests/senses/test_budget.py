"""A host left alone does not fill memory."""

import random
from collections.abc import Iterator

import pytest

from thoughtstream.senses.budget import AT_ONCE, CONSEQUENCE, REFILL_S, Budget
from thoughtstream.senses.host import Feeling, Reading
from thoughtstream.senses.processes import ProcessChanges, Table

DAY_S = 86_400


def quiet_host(seconds: int) -> Iterator[tuple[int, str, list[float]]]:
    """What the senses of a quiet host notice: readings that waver and now and then jump, and
    commands that come and go each second, some with names that were never there before.
    """
    chance, feeling, changes = random.Random(1), Feeling(), ProcessChanges(last={})
    signals = {"CPU usage": 5.0, "memory usage": 1.0, "disk write rate": 1e6, "send rate": 1e5}
    for now in range(seconds):
        for what, least in signals.items():
            jump = 20 if chance.random() < 0.01 else 1
            value = abs(chance.gauss(5, 1.5) * jump) * least
            yield now, what, [feeling.notice(Reading(what, value, "", least=least)).salience]
        names = ["sleep", "cat", f"job-{now}", f"{chance.choice('abcdefgh')}sh"]
        table: Table = {(now * 10 + at, 4e9): name for at, name in enumerate(names)}
        yield now, "processes", [thought.salience for thought in changes.notice(table)]


@pytest.mark.slow
def test_a_quiet_host_for_a_day() -> None:
    budgets: dict[str, Budget] = {}
    noticed, told = 0, 0
    for now, sense, saliences in quiet_host(DAY_S):
        budget = budgets.setdefault(sense, Budget())
        noticed += len(saliences)
        told += sum(budget.allows(salience, now) for salience in saliences)
    assert noticed > 5 * DAY_S
    assert told <= len(budgets) * (AT_ONCE + DAY_S / REFILL_S)


def test_what_is_of_no_consequence_is_never_told() -> None:
    assert not Budget().allows(CONSEQUENCE - 0.01, 0)
    assert Budget().allows(CONSEQUENCE, 0)


def test_the_less_is_left_the_more_it_must_say() -> None:
    budget = Budget()
    while budget.allows(0.6, 0):
        pass
    assert 1 < budget.left < AT_ONCE
    assert budget.allows(1, 0)
    while budget.allows(1, 0):
        pass
    assert budget.left < 1
    assert not budget.allows(1, REFILL_S / 3)
    assert budget.allows(1, 2 * REFILL_S)


def test_commands_are_no_news_when_they_end() -> None:
    changes = ProcessChanges(last={})
    told = Budget()
    count = 0
    for number in range(1000):
        for table in ({(number, 4e9): f"job-{number}"}, {}):
            for thought in changes.notice(table):
                assert "ended" not in thought.content
                count += told.allows(thought.salience, number)
    assert 1 <= count <= 7
