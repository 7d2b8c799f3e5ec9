"""Text that a host reads: one function from a template's name and its values to text. No I/O on
hosts; a value that a template names and nobody gave is an error.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # no web pages; the plists escape by themselves
    )
    # Jinja's own `tojson` escapes for HTML; TOML wants plain JSON strings and numbers.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


def render(template: str, **values: Any) -> str:
    """The text of `templates/<template>.j2`.

    Raises:
        jinja2.UndefinedError: the template uses a name that `values` lacks.
    """
    return _environment().get_template(f"{template}.j2").render(**values)


def digest(*texts: str) -> str:
    """A short name for exactly these texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
