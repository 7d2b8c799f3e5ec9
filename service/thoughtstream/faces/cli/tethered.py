"""The command line as another process runs it: when that has died, however it did, this ends too.

    python -m thoughtstream.faces.cli.tethered COMMAND…

Standard input is the tether: a pipe of which only that process has the other end. The command
itself finds nothing there to read.
"""

import os
import signal
import threading
import time

from thoughtstream.faces.cli import main, signals


def _tie() -> None:
    tether = os.dup(0)  # no process that the command starts has it
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with, args=(tether,), daemon=True).start()


def _end_with(tether: int) -> None:
    """End in good order when the pipe is closed, and at once after that."""
    while os.read(tether, 1):
        pass
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        os.kill(os.getpid(), number)
        time.sleep(signals.PATIENCE_S)


if __name__ == "__main__":
    _tie()
    main()
