"""`thoughtstream keys`: the registry of keys, and the ACL rules that follow from it."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from thoughtstream.acl import Role, acl_rules
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import Json
from thoughtstream.keys import BUDGET_BYTES, FAMILIES

EXAMPLES = common.examples("thoughtstream keys", "thoughtstream keys --acl monitor")


def keys(
    acl: Annotated[
        Role | None, typer.Option(help="Print the ACL rules of this role instead.")
    ] = None,
    json: Json = False,
) -> None:
    """Show every kind of key there is: type, life, bound, writers, memory domain."""
    if acl is not None:
        rules = acl_rules(acl)
        common.answer(
            {"role": acl, "rules": rules},
            json,
            lambda: common.out.print(rules, markup=False, soft_wrap=True),
        )
        return
    families = [{**common.plain(f), "durable": f.durable} for f in FAMILIES]
    budgets = {domain.value: budget for domain, budget in BUDGET_BYTES.items()}
    common.answer({"keys": families, "budget_bytes": budgets}, json, _show)


def _show() -> None:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("key", no_wrap=True)
    for column in ("type", "life", "bound", "domain", "writers"):
        table.add_column(column, overflow="fold")
    for family in FAMILIES:
        life = "durable" if family.ttl_s is None else f"{family.ttl_s} s"
        style = "green" if family.durable else "yellow"
        table.add_row(
            Text(family.pattern, style="cyan"), family.type, Text(life, style=style),
            family.bound, family.domain.value, ", ".join(family.writers),
        )  # fmt: skip
    common.out.print(table)
