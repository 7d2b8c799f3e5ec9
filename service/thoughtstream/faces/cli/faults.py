"""What nobody foresaw, said without secrets: a traceback for us, and JSON where that was asked."""

import sys
import traceback
from types import TracebackType

from thoughtstream import discretion
from thoughtstream.faces.cli import output


def tell_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The hook for exceptions that nobody caught; the program ends with 1."""
    whole = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(discretion.without_secrets(whole))
    if "--json" in sys.argv[1:]:
        output.print_json({"error": discretion.without_secrets(f"{kind.__name__}: {error}")})
