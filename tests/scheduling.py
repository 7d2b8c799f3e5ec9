"""Which process of xdist runs which file of tests."""

from typing import Any

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

HOSTS = "tests/rollouts/"


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """A file at a time, in the order of the tests. The last process leaves those that make hosts to
    the others as long as there is anything else: each host is many processes itself.
    """

    def _assign_work_unit(self, node: Any) -> None:
        if node is self.nodes[-1] and len(self.nodes) > 1:
            light = (file for file in self.workqueue if not file.startswith(HOSTS))
            if file := next(light, None):
                self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)
