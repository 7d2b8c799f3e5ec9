"""A queue as a plain reference model: lists and dicts, one thing after the other.

Written from the design, not from the Lua: where the two disagree, one of them is wrong.
"""

from dataclasses import dataclass, field


@dataclass
class Task:
    """A task that was submitted, wherever it is now."""

    id: str
    number: int
    payload: str
    priority: int
    most: int
    where: str
    until: float = 0
    attempts: int = 0
    token: str = ""
    text: str = ""


@dataclass
class Model:
    """One queue. Every call takes the queue's own time (ms), since only the server knows it."""

    entries: int
    bytes: int
    dead_entries: int
    lease_ms: int
    tasks: dict[str, Task] = field(default_factory=dict)
    submitted: int = 0
    discarded: int = 0
    returned: int = 0
    retried: int = 0
    replayed: int = 0
    late: int = 0
    ended: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)

    def there(self, where: str) -> list[Task]:
        """The tasks in one place, the first that is next first."""
        its = [task for task in self.tasks.values() if task.where == where]
        if where == "waiting":
            return sorted(its, key=lambda task: (-task.priority, task.number))
        return sorted(its, key=lambda task: (task.until, task.id))

    def submit(self, at: float, new: list[tuple[str, str, int, float, int]]) -> list[str] | None:
        """Tasks as (key, payload, priority, delay in ms, most attempts); None: it is full."""
        known = self.tasks.keys() | self.ended.keys()
        fresh: dict[str, Task] = {}
        ids = []
        for key, payload, priority, delay, most in new:
            number = self.submitted + len(fresh) + 1
            id_ = f"={key}" if key else str(number)
            ids.append(id_)
            if id_ not in known and id_ not in fresh:
                where = "delayed" if delay else "waiting"
                fresh[id_] = Task(id_, number, payload, priority, most, where, at + delay)
        live = sum(task.where != "dead" for task in self.tasks.values())
        if fresh and live + len(fresh) > self.entries:
            return None
        self.tasks |= fresh
        self.submitted += len(fresh)
        return ids

    def pass_time(self, at: float) -> None:
        """What falls due by itself."""
        for task in self.there("leased"):
            if task.until <= at:
                self.returned += 1
                if task.attempts >= task.most:
                    self._die(task, at, "the lease ended")
                else:
                    task.where = "waiting"
        for task in self.there("delayed"):
            if task.until <= at:
                task.where = "waiting"

    def claim(self, at: float, want: int) -> list[Task]:
        """The next tasks, leased."""
        claimed = self.there("waiting")[:want]
        for task in claimed:
            task.where, task.until = "leased", at + self.lease_ms
            task.attempts += 1
        return claimed

    def report(self, at: float, id_: str, token: str, verb: str, text: str, delay: float) -> bool:
        """What a worker says; False: it does not hold the task (any more)."""
        task = self.tasks.get(id_)
        if task is None or task.where != "leased" or task.token != token:
            if verb == "done" and self.accepted.get(id_) == token:
                return True
            self.late += verb != "renew"
            return False
        if verb == "done":
            del self.tasks[id_]
            self.ended[id_] = "completed"
            self.accepted[id_] = token
        elif verb == "renew":
            task.until = at + self.lease_ms
        elif verb == "release":
            task.where = "waiting"
            task.attempts -= 1
        elif verb == "ask":
            task.where, task.until = "delayed", float("inf")
            task.attempts -= 1
        elif verb == "retry" and task.attempts < task.most:
            task.where, task.until = "delayed", at + delay
            self.retried += 1
        else:
            self._die(task, at, text)
        return True

    def _die(self, task: Task, at: float, reason: str) -> None:
        task.where, task.until, task.text = "dead", at, reason

    def discard(self) -> None:
        """The oldest dead go when there are too many."""
        while len(dead := self.there("dead")) > self.dead_entries:
            del self.tasks[dead[0].id]
            self.discarded += 1

    def cancel(self, id_: str) -> bool:
        """End a task that has not ended."""
        if id_ not in self.tasks or self.tasks[id_].where == "dead":
            return False
        del self.tasks[id_]
        self.ended[id_] = "cancelled"
        return True

    def replay(self, most: int) -> int:
        """The oldest dead wait again."""
        back = self.there("dead")[:most]
        for task in back:
            task.where, task.attempts = "waiting", 0
        self.replayed += len(back)
        return len(back)

    def answer(self, id_: str) -> bool:
        """A task that asked waits again."""
        task = self.tasks.get(id_)
        if task is None or task.where != "delayed" or task.until != float("inf"):
            return False
        task.where = "waiting"
        return True
