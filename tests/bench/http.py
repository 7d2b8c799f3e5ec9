"""What a request to the web process costs, beside a hello of bare Starlette in the same run.

    uv run python -m tests.bench.http [--rounds 5] [--seconds 2] [--json]

A request with one thought writes to Redis before it is answered, so bare Starlette that does so
with the client library, and nothing else, is beside it. All are asked in turns, over eight
connections that are kept, by a process of its own. The CPU is that of the server alone: a machine
that does other work changes it less than it changes how many are answered a second. The last table
asks with tokens, right and wrong, in turns over one connection, and looks them up in this process:
"right again" is what can't be told from noise. (What is asked behind a right one finds the caches
of the processor cold, so one wrong token is asked for that alone.)
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.bare_http import WRITING
from tests.bench.web_processes import Served, baseline, web_process
from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess
from tests.web.served import Web
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.faces.web.place import tokens_of

CONNECTIONS = 8
BATCH = 100
_PATH = "/v1/minds/ana/thoughts"
_THOUGHT = {"content": "the kettle is on", "salience": 0.2}
_LOOKUPS, _LOOKUP_ROUNDS = 500, 60

Figures = dict[str, float]
Row = dict[str, Any]


def measure(rounds: int, seconds: float) -> dict[str, Any]:
    """`requests`: a row for each kind. `tokens`: how long each takes ÷ the right one."""
    with _servers() as (ours, bare):
        one, many = _THOUGHT, {"thoughts": [_THOUGHT] * BATCH}
        kinds = {
            "hello, bare Starlette": (bare, _get(bare.web, "/"), 1),
            "XADD, bare Starlette": (bare, _post(bare.web, WRITING, _THOUGHT), 1),
            "GET healthz": (ours, _get(ours.web, "/healthz"), 1),
            "POST thoughts, one": (ours, _post(ours.web, _PATH, one), 1),
            f"POST thoughts, {BATCH}": (ours, _post(ours.web, _PATH, many), BATCH),
        }
        found = defaultdict[str, list[Figures]](list)
        for _ in range(rounds):
            for kind, (served, request, times) in kinds.items():
                found[kind].append(_round(served, request, times, seconds))
        return {
            "requests": _rows(found),
            "tokens": {"asked": _asked(ours, seconds), "looked up": _looked_up(ours)},
        }


@contextmanager
def _servers() -> Iterator[tuple[Served, Served]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = RedisServer(programs()[WHEEL], home, "appendonly no").start()
        stack.callback(redis.stop)
        service = ServiceProcess(redis.url, home / "service", STREAMS__WORKING_MEMORY_TTL_MS="200")
        stack.callback(service.stop)
        service.start().wait_until_ready()
        settings = Settings(home=home / "web", redis=RedisConfig(url=redis.url))
        ours = stack.enter_context(web_process(settings))
        bare = baseline("tests.bench.bare_http", ours, redis.url.encode())
        yield ours, stack.enter_context(bare)


def _get(web: Web, path: str, token: str = "") -> str:
    bearer = token or web.token
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\r\n"


def _post(web: Web, path: str, body: Any) -> str:
    text = json.dumps(body)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {web.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    )


def _round(served: Served, request: str, times: int, seconds: float) -> Figures:
    spent = served.cpu_s()
    (said,) = _ask(served, [request], CONNECTIONS, seconds)
    assert said["status"] in (200, 201), said
    spent, done = served.cpu_s() - spent, said["answers"] * times
    return {"a second": done / seconds, "µs of CPU": spent / done * 1e6}


def _ask(served: Served, requests: list[str], connections: int, seconds: float) -> list[Any]:
    command = [sys.executable, "-m", "tests.bench.asking", str(served.web.port), str(connections),
               str(seconds)]  # fmt: skip
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    ended = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    said: list[Any] = json.loads(ended.stdout)
    return said


def _rows(found: dict[str, list[Figures]]) -> list[Row]:
    """Medians of the rounds, and of the ratios to the hello of the same round."""
    hellos = next(iter(found.values()))
    return [
        {
            "request": kind,
            "a second": round(_median(figures, "a second")),
            "÷ hello": round(_ratio(figures, hellos, "a second"), 3),
            "µs of CPU": round(_median(figures, "µs of CPU"), 1),
            "CPU of hello ÷ its": round(1 / _ratio(figures, hellos, "µs of CPU"), 3),
        }
        for kind, figures in found.items()
    ]


def _median(figures: list[Figures], name: str) -> float:
    return statistics.median(one[name] for one in figures)


def _ratio(figures: list[Figures], others: list[Figures], name: str) -> float:
    both = zip(figures, others, strict=True)
    return statistics.median(one[name] / other[name] for one, other in both)


def _tokens(right: str) -> dict[str, str]:
    """The right one, and those that are wrong from one place on."""
    kind, id_, secret = right.split("_", 2)
    other = "A" if secret[-1] != "A" else "B"
    return {
        "right": right,
        "right again": right,
        "wrong, behind a right one": f"{kind}_{id_}_{'y' * len(secret)}",
        "wrong in its last letter": f"{kind}_{id_}_{secret[:-1]}{other}",
        "wrong throughout": f"{kind}_{id_}_{'x' * len(secret)}",
        "of nobody": f"{kind}_{'0' * len(id_)}_{secret}",
    }


def _asked(served: Served, seconds: float) -> Figures:
    """Whole requests: a wrong token is answered with a problem, so compare the wrong ones."""
    tokens = _tokens(served.web.token)
    requests = [_get(served.web, "/v1/session", token) for token in tokens.values()]
    said = _ask(served, requests, 1, max(seconds * 2, 2))
    assert [one["status"] for one in said] == [200, 200, 401, 401, 401, 401]
    return {name: one["us"] / said[0]["us"] for name, one in zip(tokens, said, strict=True)}


def _looked_up(served: Served) -> Figures:
    tokens = tokens_of(served.web.settings)
    took = defaultdict[str, list[float]](list)
    for number in range(_LOOKUP_ROUNDS):
        given = [*_tokens(served.web.token).items()]
        for name, token in reversed(given) if number % 2 else given:
            began = time.process_time()
            for _ in range(_LOOKUPS):
                tokens.find(token)
            took[name].append(time.process_time() - began)
    right = statistics.median(took["right"])
    return {name: statistics.median(its) / right for name, its in took.items()}


def show(found: dict[str, Any]) -> None:
    """For people."""
    table = Table(*found["requests"][0])
    for row in found["requests"]:
        table.add_row(*map(str, row.values()))
    tokens = Table("a token", *(f"{how}, ÷ right" for how in found["tokens"]))
    for name in found["tokens"]["asked"]:
        tokens.add_row(name, *(f"{its[name]:.3f}" for its in found["tokens"].values()))
    Console().print(table, tokens)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.rounds, given.seconds)
    if given.json:
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    else:
        show(found)


if __name__ == "__main__":
    main()
