"""What each token may still ask of this process."""

import time
from dataclasses import dataclass

from starlette.types import Message, Send

from thoughtstream.config import WebConfig
from thoughtstream.faces.web.limits.limit import Clock, Limit, Unlimited, limit
from thoughtstream.faces.web.problems import TOO_MANY

_MANY = 1024
"""Tokens, from which on those are forgotten that have asked nothing lately."""


@dataclass(frozen=True)
class Allowance:
    """Of one token."""

    requests: Limit | Unlimited
    thoughts: Limit | Unlimited

    def telling(self, send: Send) -> Send:
        """Tell of it in the head of an answer; a refusal says itself what was too much."""
        policies = [one.policy for one in (self.requests, self.thoughts) if one.policy]
        if not policies:
            return send
        policy = (b"ratelimit-policy", ", ".join(policies).encode())

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [policy]
                if self.requests.policy and message["status"] != TOO_MANY.status:
                    told.append((b"ratelimit", self.requests.left.encode()))
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        return tell


class Allowances:
    """Of all tokens, by their ids."""

    def __init__(self, web: WebConfig, clock: Clock = time.monotonic) -> None:
        self._web = web
        self._clock = clock
        self._known: dict[str, Allowance] = {}

    def of(self, token: str) -> Allowance:
        """What a token may still ask."""
        found = self._known.get(token)
        if found is None:
            if len(self._known) >= _MANY:
                self._forget()
            found = self._known[token] = self._new()
        return found

    def _forget(self) -> None:
        self._known = {
            token: one
            for token, one in self._known.items()
            if not (one.requests.is_untouched and one.thoughts.is_untouched)
        }

    def _new(self) -> Allowance:
        web, clock = self._web, self._clock
        requests = limit(
            "requests", "web.requests_per_s", web.requests_per_s, web.requests_burst, clock
        )
        a_second = web.thoughts_per_s
        thoughts = limit("thoughts", "web.thoughts_per_s", a_second, a_second, clock)
        return Allowance(requests, thoughts)
