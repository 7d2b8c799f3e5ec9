"""All commands by name, each imported when it is called: help and completion need only names."""

import gc
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, cast

import typer
from typer._click import Command, Context, HelpFormatter, Parameter
from typer._click.shell_completion import CompletionItem
from typer.core import TyperGroup

from thoughtstream.faces.cli.options import paragraphs

PANELS: dict[str, dict[str, str]] = {
    "The service": {
        "up": "Run the service, with an embedded Redis unless `redis.url` is set.",
        "down": "Stop the service and the embedded Redis. Returns when all data is on disk.",
        "status": "Show Redis, the services that are alive, and all minds.",
        "open": "Open the page to watch minds in the browser, with your token.",
        "web": "Serve the page and HTTP, until SIGTERM or Ctrl-C. `up` starts it by itself.",
        "token": "Who may ask the web process for what.",
        "doctor": (
            "Check Redis: memory, connections, persistence, speed, ACL, notifications, stray keys."
        ),
        "metrics": ("Print the metrics of Redis and of all minds, once, as Prometheus reads them."),
        "keys": "List every kind of key: its type, lifetime, bound and writer, by memory domain.",
    },
    "A mind": {
        "think": "Write one thought to a window, and print its id.",
        "feed": (
            "Feed JSON Lines, plain text, a conversation or the transcript of a chat into a mind."
        ),
        "sense": (
            "Turn this host's signals into thoughts: load, memory, disk, network, processes, logs."
        ),
        "watch": (
            "Watch a mind live: its windows, the contest, what it attends to, what it forgets "
            "and what it remembers."
        ),
        "recall": (
            "Find memories, best match first: when each was said, by whom, and which days it "
            "is about."
        ),
        "sleep": (
            "Consolidate memory: merge what says the same, strengthen what matters, distil what "
            "repeats."
        ),
        "merged": "List the memories that sleep merged into others that say the same.",
        "unmerge": "Take a merge back: the memory is one of its own again, and stays so.",
        "anchor": "Write a memory directly, and wait until it is as durable as requested.",
        "forgotten": "List what was forgotten, when and why; or try out another threshold.",
        "take-back": "Return a forgotten thought to the contest.",
        "intervene": "Veto, reframe, boost or restore an attended thought within its 5 seconds.",
        "memories": "List memories; read, supersede, forget or erase one.",
        "export": "Write all that a mind remembers and has forgotten to a file, as lines of JSON.",
        "import": (
            "Import what `export` wrote; ids and dates are kept, what is there already is skipped."
        ),
        "delete-mind": (
            "Show what a mind has, or delete all of it; this can't be undone: `export` it before."
        ),
        "audit": "Check that every thought is accounted for: compare the ledger with the keys.",
    },
    "Coordination": {
        "work": "Run the tasks of a queue, until SIGTERM or Ctrl-C.",
        "tasks": "What is submitted to queues, and what becomes of it.",
        "agents": "Who works on this Redis, and what they write to each other.",
        "colony": "Minds that get better at what they attend to.",
        "mcp": "Give an agent a mind and a bus to other agents, over stdin and stdout (MCP).",
        "packets": "What thoughtseeds found out, for the agents that want to know.",
        "beliefs": "What agents learn of quantities, each by itself and all together.",
        "cache": "Results that were expensive to compute.",
        "scratch": "Temporary state, which goes by itself.",
    },
}
"""What each does: the first paragraph of what its module says."""

NAMES = {name: says for panel in PANELS.values() for name, says in panel.items()}


_ELSEWHERE = {"unmerge": "merged", "export": "transfer", "import": "transfer"}
"""Those whose module has another name."""


class _Commands(Mapping[str, Command]):
    """The commands; each is made when it is asked for."""

    def __getitem__(self, name: str) -> Command:
        if name not in NAMES:
            raise KeyError(name)
        function = name.replace("-", "_")
        module = import_module(f"thoughtstream.faces.cli.{_ELSEWHERE.get(name, function)}")
        if hasattr(module, "COMMANDS"):
            made = _group(module.COMMANDS, NAMES[name])
        else:
            command = getattr(module, function, None) or getattr(module, f"{function}_")
            its_examples = getattr(module, f"{function.upper()}_EXAMPLES", None) or module.EXAMPLES
            made = _group({command: its_examples})
        found = typer.main.get_command(made)
        found.name = name
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


def _group(commands: dict[Callable[..., Any], str], says: str | None = None) -> typer.Typer:
    """Several commands of one name; without `says`, the one that is there."""
    group = typer.Typer(
        no_args_is_help=says is not None,
        help=says,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command, its_examples in commands.items():
        name = command.__name__.strip("_").replace("_", "-")
        group.command(name, help=paragraphs(command.__doc__), epilog=its_examples)(command)
    return group


class Commands(TyperGroup):
    """The program itself. Its help is plain text: to draw boxes takes longer than all the rest."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast(MutableMapping[str, Command], _Commands())

    def get_params(self, ctx: Context) -> list[Parameter]:
        """Its options, which are all flags: not given, each is False. Where it would be None, as
        those of completion are, typer would import pydantic to find that out.
        """
        params = super().get_params(ctx)
        for param in params:
            param.default = param.default or False
        return params

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """A command, imported. All of that stays to the end: nobody looks for garbage in it, not
        meanwhile and not at the end, which would take longer than most commands do.
        """
        gc.disable()
        try:
            return super().resolve_command(ctx, args)
        finally:
            gc.freeze()
            gc.enable()

    def list_commands(self, ctx: Context) -> list[str]:
        """Their names, in the order of the help."""
        return list(NAMES)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """What may follow: names of commands, without importing them, and options."""
        options = super(TyperGroup, self).shell_complete(ctx, incomplete)
        names = [name for name in NAMES if name.startswith(incomplete)]
        return [*(CompletionItem(name, help=NAMES[name]) for name in names), *options]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The commands by panel."""
        for panel, commands in PANELS.items():
            with formatter.section(panel):
                formatter.write_dl([*commands.items()])
