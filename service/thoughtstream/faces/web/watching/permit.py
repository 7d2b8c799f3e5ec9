"""What a reader may do."""

from collections.abc import Callable
from typing import Any, Protocol


class Permit(Protocol):
    """`scope["state"]["token"]`, as the guard puts it there. It is hashable."""

    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> tuple[Any, ...]: ...
    @property
    def minds(self) -> tuple[str, ...]: ...
    def may_see(self, mind: str) -> bool: ...


StillHolds = Callable[[Permit], bool]
"""Whether a permit is still one: it may be taken away while its owner reads."""
