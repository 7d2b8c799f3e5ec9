"""The commands that the operator's runbook gives for something."""

from pathlib import Path

RUNBOOK = Path(__file__).parents[2] / "deploy/README.md"


def steps(heading: str) -> list[str]:
    """Those of the first block under a heading, without what is said beside them."""
    section = RUNBOOK.read_text().partition(f"# {heading}\n")[2]
    block = section.partition("```sh\n")[2].partition("```")[0]
    return [line.partition("  #")[0].strip() for line in block.splitlines()]
