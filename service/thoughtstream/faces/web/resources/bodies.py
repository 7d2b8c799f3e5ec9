"""What bodies of requests have in common."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

from thoughtstream.attention.models import NewThought


class Fields(BaseModel):
    """An object with these fields and no others, which means what it says: a number is no text.
    Every text in it is valid: pydantic looks for halves of surrogate pairs only where a length is
    given.
    """

    model_config = ConfigDict(extra="forbid", strict=True, str_min_length=0, allow_inf_nan=False)


class OwnFields(NewThought):
    """A thought or a memory; names of your own are kept as text."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    elsewhere: ClassVar[dict[str, str]] = {
        "idempotency_key": "goes into the header Idempotency-Key"
    }
    """Names that would be taken for something else, and where that is given."""

    def given(self) -> dict[str, Any]:
        """What was given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    @model_validator(mode="after")
    def _here(self) -> Self:
        for name in self.elsewhere.keys() & self.model_fields_set:
            raise ValueError(f"{name}: {self.elsewhere[name]}")
        return self
