"""What a request says in its body."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """JSON that says what it means: a number is no text, and a name that is unknown is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)
