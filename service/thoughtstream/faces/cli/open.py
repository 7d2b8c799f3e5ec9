"""`thoughtstream open`: the page, in the browser."""

import webbrowser
from typing import Annotated

import typer

from thoughtstream import config
from thoughtstream.faces.cli import background, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.web import place

EXAMPLES = examples("thoughtstream open", "thoughtstream open --print   # for another browser")


def open_(
    print_: Annotated[
        bool, typer.Option("--print", help="Print the address; open no browser.")
    ] = False,
    json: Json = False,
) -> None:
    """Open the page to watch minds in the browser, with your token.

    The token stands behind `#`: no server and no log sees it there, but whoever has the address may
    do what you may.
    """
    settings = config.load()
    background.wait_for_web(settings)  # of a service that has just begun
    url = place.opening(settings)
    if url is None:
        raise exit_codes.Failed("no web process is running here; `thoughtstream up` starts one")
    is_open = not (print_ or json) and webbrowser.open(url)
    output.answer({"url": url, "opened": is_open}, json, lambda: output.say("{}", url))
