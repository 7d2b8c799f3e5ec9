"""`thoughtstream keys`: the registry of keys, and the ACL rules derived from it."""

from itertools import groupby
from typing import Annotated

import typer
from rich.text import Text

from thoughtstream import config
from thoughtstream.acl import Role, acl_rules
from thoughtstream.faces.cli import output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.plain import plain
from thoughtstream.keys import FAMILIES, Domain, Family
from thoughtstream.store.address import database_of

EXAMPLES = examples("thoughtstream keys", "thoughtstream keys --acl monitor")


def keys(
    acl: Annotated[
        Role | None, typer.Option(help="Print the ACL rules for this role instead.")
    ] = None,
    json: Json = False,
) -> None:
    """List every kind of key: its type, lifetime, bound and writer, by memory domain.

    The ACL rules are for the database of `redis.url`: each has channels of its own.
    """
    if acl is not None:
        url = config.load().redis.url
        rules = acl_rules(acl, database_of(url) if url else 0)
        output.answer(
            {"role": acl, "rules": rules},
            json,
            lambda: output.stdout.print(rules, markup=False, soft_wrap=True),
        )
        return
    families = [{**plain(f), "durable": f.durable} for f in FAMILIES]
    plan = config.load().budgets
    budgets: dict[str, str] = {domain.value: getattr(plan, domain) for domain in Domain}
    output.answer({"keys": families, "budgets": budgets}, json, lambda: _show(budgets))


def _show(budgets: dict[str, str]) -> None:
    width = max(len(family.pattern) for family in FAMILIES)
    for domain, families in groupby(FAMILIES, key=lambda family: family.domain):
        budget = (f"  budget {budgets[domain]}", "dim")
        output.stdout.print(Text.assemble((domain.value, "bold"), budget))
        for family in families:
            _show_family(family, width)


def _show_family(family: Family, width: int) -> None:
    """Two lines, so that it fits into 80 columns."""
    life = "durable" if family.ttl_s is None else f"expires in {_duration(family.ttl_s)}"
    output.stdout.print(
        Text.assemble(
            "  ",
            (family.pattern.ljust(width), "cyan"),
            f"  {family.type:<6}  ",
            (life, "green" if family.durable else "yellow"),
        )
    )
    output.stdout.print(
        Text(f"    {family.bound}; written by {', '.join(family.writers)}", style="dim")
    )


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{days} days" if days and not rest else f"{seconds} s"
