"""How well recall finds the same things in languages with spaces between words and without.

    python -m tests.bench.languages

One chat and 35 questions about it (`one_chat.json`), in English, Chinese and Japanese.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.recall import measure_all, table

CHAT = Path(__file__).parent / "one_chat.json"
SPEAKERS = ("Mira", "Tom")


def written(directory: Path) -> list[Path]:
    """The chat in each language: a file as those of the data set."""
    chat = json.loads(CHAT.read_text())
    files = [directory / f"{name}.json" for name in chat["languages"]]
    for at, file in enumerate(files):
        file.write_text(json.dumps(_in(chat, at)))
    return files


def _in(chat: Any, language: int) -> dict[str, Any]:
    turns = [
        {"speaker": SPEAKERS[number % 2], "dia_id": str(number), "text": turn[language]}
        for number, turn in enumerate(chat["turns"], 1)
    ]
    asked = [
        {"question": question[language], "evidence": [str(question[-1])]}
        for question in chat["questions"]
    ]
    return {"session_1_date_time": "6:12 pm on 3 March, 2025", "session_1": turns, "qa": asked}


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Console(width=140).print(table(measure_all(written(Path(directory)))))


if __name__ == "__main__":
    main()
