"""Changes to a running Redis, without a restart."""

from pyinfra.operations import server

from deploy.commands import refuse_writes, rewrite_log
from deploy.operations.dispatch import perform
from deploy.passwords import apply_masterauth
from deploy.steps import ApplyLive, ApplyMasterauth, LoadAcl, RefuseWrites, RewriteLog


@perform.register
def _live(step: ApplyLive) -> None:
    pairs = [part for name, _, new in step.directives for part in (name, new.strip('"'))]
    server.shell(name=str(step), commands=[step.cli("config", "set", *pairs)])


@perform.register
def _live_masterauth(step: ApplyMasterauth) -> None:
    server.shell(name=str(step), commands=[apply_masterauth(step.cli, step.secret)])


@perform.register
def _load_acl(step: LoadAcl) -> None:
    server.shell(name=str(step), commands=[step.cli("acl", "load")])


@perform.register
def _rewrite(step: RewriteLog) -> None:
    server.shell(name=str(step), commands=[rewrite_log(step.cli)])


@perform.register
def _refuse(step: RefuseWrites) -> None:
    server.shell(name=str(step), commands=[refuse_writes(step.cli)])
