"""What agents learn, without async. Needs the extra `colony`."""

from thoughtstream.learning import choices, lineage
from thoughtstream.sync.twins import Twin, blocking


class Lineage(Twin[lineage.Lineage]):
    """What the agents of a lineage learn; see `thoughtstream.learning.lineage`."""

    @property
    def name(self) -> str:
        """Its name."""
        return self._it.name

    found = blocking(lineage.Lineage.found)
    quantities = blocking(lineage.Lineage.quantities)
    check = blocking(lineage.Lineage.check)
    observe = blocking(lineage.Lineage.observe)
    believes = blocking(lineage.Lineage.believes)
    forget = blocking(lineage.Lineage.forget)


class Choices(Twin[choices.Choices]):
    """The choices of one agent; see `thoughtstream.learning.choices`."""

    choose = blocking(choices.Choices.choose)
    forget = blocking(choices.Choices.forget)
