"""Three coding agents on one bus, over MCP: one shares work out, two do it, and all have one mind.

thoughtstream up --detach && python service/examples/three_agents.py
"""

import asyncio
import os
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters

FILES = ("parser.py", "printer.py", "README.md")


def agent(name: str) -> Client:
    """A client as coding agents have one; `.mcp.json` says the same."""
    arguments = ["mcp", "--mind", "team", "--agent", name]
    environment = dict(os.environ)
    return Client(StdioServerParameters(command="thoughtstream", args=arguments, env=environment))


async def call(client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise RuntimeError(f"{tool}: {result.content}")
    return dict(result.structured_content)


async def plan(client: Client) -> None:
    for file in FILES:
        await call(client, "offer", queue="changes", text=file)
    for _ in FILES:
        [message] = (await call(client, "inbox", limit=1, wait_s=50))["messages"]
        print(f"{message['sender']} says: {message['content']}")
    found = await call(client, "recall", query="what was changed in parser.py?", limit=1)
    print(f"the team remembers: {found['memories'][0]['content']}")


async def work(client: Client) -> None:
    while task := (await call(client, "take", queue="changes", wait_s=5)).get("work"):
        file = task["content"]
        await call(client, "reserve", name=file, wait_s=50)
        changed = f"In {file}, `parse` is now called `read`."  # here, a model would do its work
        await call(client, "remember", content=changed, idempotency_key=f"changes/{task['task']}")
        await call(client, "reserve", name=file, release=True)
        await call(client, "done", task=task["task"], text=changed)
        await call(client, "send", to="planner", text=f"{file} is done")


async def main() -> None:
    async with agent("planner") as planner, agent("alice") as alice, agent("bob") as bob:
        await asyncio.gather(plan(planner), work(alice), work(bob))


if __name__ == "__main__":
    asyncio.run(main())
