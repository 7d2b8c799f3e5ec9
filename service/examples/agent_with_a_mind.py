"""An agent with a mind: it thinks what it hears, attends to the best of it, and recalls.

thoughtstream up --detach && python service/examples/agent_with_a_mind.py
"""

import asyncio

from thoughtstream import Mind, NewThought

HEARD = [
    NewThought.of("Anna is allergic to peanuts", salience=0.9),
    NewThought.of("Anna comes to dinner at eight", salience=0.7),
    NewThought.of("the fridge hums", salience=0.1),  # too weak: it will be forgotten
]


async def main() -> None:
    async with Mind.connect("cook") as mind:
        allergy, dinner, _ = await mind.feed(HEARD)
        async for thought in mind.attended(since="0"):
            if thought.id in (allergy, dinner):
                print(f"it attends to: {thought.content}")
            if thought.id == dinner:
                break
        question = "what is Anna allergic to?"
        while not (found := await mind.recall(question, limit=1)):
            await asyncio.sleep(0.5)  # what was attended is a memory after five seconds
        print(f"it remembers: {found[0].content}")


if __name__ == "__main__":
    asyncio.run(main())
