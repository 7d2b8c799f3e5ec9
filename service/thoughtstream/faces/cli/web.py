"""`thoughtstream web`: the page, HTTP and its event stream, in a process of its own."""

from thoughtstream import config
from thoughtstream.config import Settings
from thoughtstream.faces.cli import exit_codes, logging_setup, output
from thoughtstream.faces.cli.options import examples
from thoughtstream.home.home import Home

EXAMPLES = examples(
    "thoughtstream web",
    "THOUGHTSTREAM_WEB__PORT=9000 thoughtstream web",
)

MISSING = "the web face isn't installed; install `thoughtstream[web]`"


def web() -> None:
    """Serve the page and HTTP, until SIGTERM or Ctrl-C. `up` starts it by itself.

    Always needs a token: `thoughtstream open` opens the page with yours, `thoughtstream token add`
    makes others. It goes on, and says so, when Redis or the service is away.
    """
    import logging

    settings = config.load()
    logging_setup.log_to_stderr(settings.log, logging.INFO)
    run(settings)


def run(settings: Settings) -> None:
    """Serve, with what is not installed or not to be had told in one line."""
    try:
        from thoughtstream.faces.web import place, process
    except ModuleNotFoundError as error:
        raise exit_codes.Failed(f"{MISSING} ({error.name} is missing)") from None
    home = Home.at(settings.home)
    home.prepare()
    lock = place.web_lock(settings)
    if lock.acquire() is None:
        raise exit_codes.Failed(
            f"the web process of {output.short(home.path)} is already running at "
            f"{lock.read_record().get('url', 'an address of its own')}"
        )
    try:
        process.run(settings)
    except OSError as error:
        where = f"{settings.web.host}:{settings.web.port}"
        raise exit_codes.Failed(
            f"web: can't listen on {where}: {error.strerror}; set web.host and web.port"
        ) from None
