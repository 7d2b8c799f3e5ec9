"""How benchmarks show what they found."""

import json
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table


def show(found: Mapping[str, float], *, as_json: bool) -> None:
    """Figures by their names: as a table, or as JSON."""
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table("", "")
    for name, figure in found.items():
        table.add_row(name, f"{figure:.3g}")
    Console().print(table)
