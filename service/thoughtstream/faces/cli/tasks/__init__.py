"""`thoughtstream tasks …`: what is submitted to queues, and what becomes of it."""

from collections.abc import Callable
from typing import Any

from thoughtstream.faces.cli.tasks import books, control, submitting

COMMANDS: dict[Callable[..., Any], str] = {
    submitting.submit: submitting.SUBMIT_EXAMPLES,
    submitting.show: submitting.SHOW_EXAMPLES,
    books.audit: books.AUDIT_EXAMPLES,
    books.queues: books.QUEUES_EXAMPLES,
    control.cancel: control.CANCEL_EXAMPLES,
    control.replay: control.REPLAY_EXAMPLES,
    control.answer: control.ANSWER_EXAMPLES,
}
