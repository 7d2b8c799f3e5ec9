"""`thoughtstream down`: stop the service and the embedded Redis."""

from thoughtstream import config
from thoughtstream.faces.cli import background, output
from thoughtstream.faces.cli.options import Json, examples

EXAMPLES = examples("thoughtstream down", "thoughtstream down --json")


def down(json: Json = False) -> None:
    """Stop the service and the embedded Redis. Returns when all data is on disk."""
    stopped = background.stop(config.load())
    answer = {"service": stopped.service, "redis": stopped.redis}
    output.answer(answer, json, lambda: _show(answer))


def _show(stopped: dict[str, bool]) -> None:
    names = [name for name, was in stopped.items() if was]
    output.stdout.print(f"stopped: {' and '.join(names)}" if names else "nothing was running")
