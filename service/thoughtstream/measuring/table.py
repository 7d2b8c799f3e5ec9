"""The table of all metrics, as the manual has it: `python -m thoughtstream.measuring.table`."""

from collections.abc import Iterable, Iterator

from thoughtstream.measuring.metric import PREFIX, Metric
from thoughtstream.measuring.registry import METRICS


def table(metrics: Iterable[Metric]) -> Iterator[str]:
    """Its lines, in Markdown. The prefix of names is left out."""
    yield "| metric | kind | labels | |"
    yield "|---|---|---|---|"
    for metric in metrics:
        name = metric.name.removeprefix(PREFIX)
        labels = "; ".join(_label(*label) for label in metric.labels.items())
        yield f"| `{name}` | {metric.kind} | {labels} | {metric.help} |"


def _label(name: str, values: tuple[str, ...]) -> str:
    return f"`{name}`: {', '.join(values)}" if values else f"`{name}`"


if __name__ == "__main__":
    print("\n".join(table(METRICS)))  # noqa: T201
