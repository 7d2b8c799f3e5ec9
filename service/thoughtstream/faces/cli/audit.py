"""`thoughtstream audit`: is every thought accounted for?"""

from thoughtstream import Mind
from thoughtstream.attention.models import Audit
from thoughtstream.faces.cli import event_loop, exit_codes, ledger, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.faces.plain import plain

EXAMPLES = examples("thoughtstream audit", "thoughtstream audit --mind ana --json")

_MEANING = {
    "adopted": "entered the contest",
    "competing": "competing now",
    "attended": "won a contest",
    "forgotten": "lost, with a score below the threshold",
    "expired": "were not attended in time",
    "displaced": "were pushed out of a full window",
    "intervening": "can still be changed",
    "anchored": "became memories",
    "recurred": "of those, were memories that came back",
    "vetoed": "were kept out of memory",
    "memories": "are there now",
    "distilled": "were made by sleep",
    "imported": "came with an export",
    "merged": "became part of another in sleep",
    "unmerged": "of those, were taken back",
    "outgrown": "were the oldest of more than the bound",
    "let_go": "were forgotten on request",
    "taken_back": "came back from the unconscious as memories",
    "superseded": "made room for another",
    "erased": "were erased",
    "rejected": "were invalid, never adopted",
}
_DEPTH = {
    "adopted": 0,
    "memories": 0,
    "rejected": 0,
    "intervening": 2,
    "anchored": 2,
    "recurred": 3,
    "vetoed": 2,
    "unmerged": 2,
}
"""What is counted under something else."""


def audit(mind: MindName = DEFAULT_MIND, json: Json = False) -> None:
    """Check that every thought is accounted for: compare the ledger with the keys.

    Memories, too: as many as were anchored (but for those that recurred), distilled, imported or
    taken back, without those merged (and not unmerged), outgrown, let go or erased. Exits with 1
    if a thought or a memory is missing or counted twice.
    """
    found = event_loop.run(_audit(mind))
    answer = {"mind": mind, "balanced": found.balanced, **plain(found)}
    output.answer(answer, json, lambda: _show(found))
    if not found.balanced:
        exit_codes.stop(exit_codes.FAILED)


async def _audit(mind: str) -> Audit:
    async with Mind.connect(mind) as it:
        return await it.audit()


def _show(found: Audit) -> None:
    ledger.show(found, _MEANING, _DEPTH)
    if found.balanced:
        output.stdout.print("[green]✓[/] balanced: every thought is accounted for")
