"""MODULE:QUEUE, as `work` takes it: importing the module, and finding the queue in it."""

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

import typer

from thoughtstream import TaskQueue
from thoughtstream.faces.cli import exit_codes


def load(target: str) -> TaskQueue:
    """The queue that MODULE:QUEUE names; the module may be in the working directory.

    Raises:
        BadParameter: it is not MODULE:QUEUE.
        Failed: there is no such module or queue, or the module can't be imported.
    """
    module_name, colon, attribute = target.partition(":")
    if not (module_name and colon and attribute.isidentifier()):
        raise typer.BadParameter(f"MODULE:QUEUE: is {target!r}; give e.g. emails:emails")
    module = _import(module_name)
    found = getattr(module, attribute, None)
    if not isinstance(found, TaskQueue):
        raise exit_codes.Failed(_not_there(module, attribute, found))
    if not found.functions and found.fallback_function is None:
        raise exit_codes.Failed(
            f"{target}: has no tasks; write @{attribute}.task above a function of {_file(module)}"
        )
    return found


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if sys.path[0] != here:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise exit_codes.Failed(
                f"{name}: there is no module {error.name!r} in {here}, and none is installed; run "
                "this in the directory that has it"
            ) from None
        raise _broken(name, error) from None
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> exit_codes.Failed:
    """Where in the user's code it went wrong: below the import machinery."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    said = " ".join(f"{type(error).__name__}: {error}".split())
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else ""
    return exit_codes.Failed(f"{name}: can't be imported: {said}{where}")


def _not_there(module: ModuleType, attribute: str, found: object) -> str:
    queues = [name for name, value in vars(module).items() if isinstance(value, TaskQueue)]
    what = "has no" if found is None else f"has a {type(found).__name__}, no TaskQueue,"
    cure = (
        f"its queues are: {', '.join(queues)}"
        if queues
        else f'write {attribute} = TaskQueue("{attribute}") there'
    )
    return f"{module.__name__}: {_file(module)} {what} {attribute!r}; {cure}"


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or module.__name__
