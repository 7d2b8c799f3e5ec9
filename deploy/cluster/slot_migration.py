"""Slot migration: slots go from one master to another while clients use them."""

from deploy.cluster.nodes import Nodes, wait_until_healthy
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

_PIPELINE = "100"
"""Keys moved in one batch: most slots have fewer, so clients hardly ever meet half a slot."""

_EPOCH = """
local function epoch()
  return string.match(redis.call('CLUSTER', 'INFO'), 'cluster_current_epoch:(%d+)')
end
"""
# First, on the target. ARGV: the source's id, then slots. Returns the epoch: failovers raise it.
_IMPORT = f"""{_EPOCH}
for i = 2, #ARGV do redis.call('CLUSTER', 'SETSLOT', ARGV[i], 'IMPORTING', ARGV[1]) end
return epoch()
"""
# Second, on the source: from now on, clients that ask for a missing key are sent to the target
# (ASK). ARGV: the target's id, then slots. Returns those without keys, which are open now.
_OPEN_EMPTY = """
local opened = {}
for i = 2, #ARGV do
  if redis.call('CLUSTER', 'COUNTKEYSINSLOT', ARGV[i]) == 0 then
    redis.call('CLUSTER', 'SETSLOT', ARGV[i], 'MIGRATING', ARGV[1])
    opened[#opened + 1] = ARGV[i]
  end
end
return opened
"""
# Third, on the target. After a failover of the source, the slots may have keys there again: the new
# master knows nothing of the move. ARGV: the epoch as it was, the ids of source and target, how
# many slots it gets, these, then those that it doesn't get.
_TAKE = f"""{_EPOCH}
local is_there = string.find(redis.call('CLUSTER', 'NODES'), ARGV[2] .. ' %S+ master ')
if epoch() ~= ARGV[1] or not is_there then
  return redis.error_reply('ERR the epoch has changed meanwhile, perhaps by a failover; run again')
end
for i = 5, #ARGV do
  local slot = ARGV[i]
  if i - 4 <= tonumber(ARGV[4]) then redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', ARGV[3])
  else redis.call('CLUSTER', 'SETSLOT', slot, 'STABLE') end
end
"""
# Fourth, on the source. ARGV: the target's id, then its slots.
_GIVE = """
for i = 2, #ARGV do redis.call('CLUSTER', 'SETSLOT', ARGV[i], 'NODE', ARGV[1]) end
"""


def move_slots(nodes: Nodes, view: ClusterView, source: Node, target: Node, count: int) -> None:
    """Moves a master's first slots to another master.

    A mind's keys are in one slot, so most slots have none. Those move all at once: each change of a
    slot is a write to every node's configuration, and redis-cli waits for it slot by slot. Slots
    with keys are left to redis-cli; the password that MIGRATE needs is never an argument of a
    program.

    Raises:
        ClusterError: a node refused. The next run closes slots that this leaves open.
    """
    slots = [str(slot) for slot in sorted(view[source].slots)[:count]]
    moved = _move_empty(nodes, view, source, target, slots)
    if moved < count:
        wait_until_healthy(nodes)  # redis-cli starts only if all nodes agree
        _reshard(nodes, view, source, target, count - moved)


def _move_empty(
    nodes: Nodes, view: ClusterView, source: Node, target: Node, slots: list[str]
) -> int:
    """Moves the slots without keys, in Redis's own order: the target is ready before the source
    redirects anyone, and owns a slot before the source gives it up. Returns how many moved.
    """
    from_, to = view[source].id, view[target].id
    epoch = _eval(nodes, target, _IMPORT, from_, *slots).strip()
    said = set(_eval(nodes, source, _OPEN_EMPTY, to, *slots).split())
    empty = [slot for slot in slots if slot in said]
    others = [slot for slot in slots if slot not in said]
    _eval(nodes, target, _TAKE, epoch, from_, to, str(len(empty)), *empty, *others)
    if empty:
        _eval(nodes, source, _GIVE, to, *empty)
    return len(empty)


def _eval(nodes: Nodes, node: Node, script: str, *arguments: str) -> str:
    return nodes.ask(node, "eval", script, "0", *arguments)


def _reshard(nodes: Nodes, view: ClusterView, source: Node, target: Node, count: int) -> None:
    """Moves the source's first slots with redis-cli."""
    nodes.ask(
        source,
        "--cluster", "reshard", source.endpoint,
        "--cluster-from", view[source].id,
        "--cluster-to", view[target].id,
        "--cluster-slots", str(count),
        "--cluster-pipeline", _PIPELINE,
        "--cluster-yes",
    )  # fmt: skip
