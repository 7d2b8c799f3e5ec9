"""What the hosts of a cluster do together."""

from functools import partial

from deploy.cluster.barrier import Await, OnCluster
from deploy.operations.cluster import Hosts, does, waits
from deploy.operations.dispatch import perform


@perform.register
def _await(step: Await) -> None:
    ready = step.site and step.ready and partial(step.ready, Hosts(step.site))
    waits(name=str(step), act=ready or None)


@perform.register
def _on_cluster(step: OnCluster) -> None:
    does(name=str(step), act=partial(step.step.carry_out, Hosts(step.site)))
