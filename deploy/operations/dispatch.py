"""The one function that carries out a step, whatever its kind."""

from functools import singledispatch

from deploy.steps import Step


@singledispatch
def perform(step: Step) -> None:
    """Carries out one step on the current host."""
    raise TypeError(f"nothing carries out a {type(step).__name__}")
