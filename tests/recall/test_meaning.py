"""With an embedder, recall finds what means the same."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.recall import embedders
from tests.recall.conftest import Place
from tests.recall.servers import anchor
from thoughtstream import ConfigError, Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import Settings
from thoughtstream.memory.embedder import EmbedderFailed, chosen, meaning_of
from thoughtstream.memory.models import Recalled
from thoughtstream.memory.streams import Streams

STATIC = "thoughtstream.memory.static_embedder:StaticEmbedder"
TOPICS = "tests.recall.embedders:Topics"
VECTORS = "memory:{ana}:vectors:episodic"

SAID = (
    "I finally bought a new car",
    "the soup is far too salty",
    "my sister plays the violin",
    "they painted the kitchen yellow",
    "the train was late again",
    "her garden is full of roses",
    "we watched a film about whales",
    "the neighbours have three cats",
    "a letter came from the bank",
    "he broke his arm skiing",
)


def with_embedder(settings: Settings, name: str) -> Settings:
    memory = settings.memory.model_copy(update={"embedder": name})
    return settings.model_copy(update={"memory": memory})


@pytest.fixture
async def meaning(place: Place, settings: Settings) -> AsyncIterator[Mind]:
    """A mind that knows what words mean."""
    async with Mind.connect("ana", settings=with_embedder(settings, STATIC)) as mind:
        yield mind
        assert mind._recall.index in (None, place.index)


async def remember(mind: Mind, *contents: str) -> None:
    await anchor(mind, [NewThought.of(content) for content in contents])


def contents(answer: list[Recalled]) -> list[str]:
    return [memory.content for memory in answer]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("which vehicle?", "I finally bought a new car"),
        ("felines", "the neighbours have three cats"),
        ("musical instruments", "my sister plays the violin"),
        ("an injury", "he broke his arm skiing"),
    ],
)
async def test_a_paraphrase_is_found_with_it_and_not_without(
    mind: Mind, meaning: Mind, asked: str, answer: str
) -> None:
    await remember(mind, *SAID)
    assert contents(await meaning.recall(asked))[0] == answer
    assert answer not in contents(await mind.recall(asked))


async def test_words_still_count(meaning: Mind) -> None:
    await remember(meaning, *SAID, "the vehicle is red")
    assert contents(await meaning.recall("vehicle"))[0] == "the vehicle is red"


async def test_filters_hold(meaning: Mind) -> None:
    await remember(meaning, *SAID)
    await anchor(meaning, [NewThought.of("a red car", kind="semantic", speaker="Ben")])
    assert contents(await meaning.recall("vehicle", kind="semantic")) == ["a red car"]
    assert contents(await meaning.recall("vehicle", who="ben")) == ["a red car"]
    assert await meaning.recall("vehicle", who="eva") == []


async def test_vectors_are_kept(settings: Settings, place: Place) -> None:
    """Another process computes but what is new."""
    ours = with_embedder(settings, TOPICS)
    async with Mind.connect("ana", settings=ours) as mind:
        await remember(mind, *SAID)
        assert contents(await mind.recall("lorry"))[0] == SAID[0]
    async with Mind.connect("ana", settings=ours) as another:
        await remember(another, "so much snow")
        embedders.CALLS.clear()
        assert contents(await another.recall("lorry"))[0] == SAID[0]
        assert embedders.CALLS == [["lorry"], ["so much snow"]]
        embedders.CALLS.clear()
        assert contents(await another.recall("the rain"))[0] == "so much snow"
        assert embedders.CALLS == [["the rain"]]
    with place.server.client() as client:
        assert client.hlen(VECTORS) == len(SAID) + 2


async def test_those_of_another_embedder_are_made_anew(settings: Settings, place: Place) -> None:
    for name in (TOPICS, "tests.recall.embedders:AwaitedTopics", TOPICS):
        async with Mind.connect("ana", settings=with_embedder(settings, name)) as mind:
            if name == TOPICS:
                await remember(mind, *SAID)
            assert SAID[0] in contents(await mind.recall("lorry"))
            with place.server.client() as client:
                assert client.hget(VECTORS, "embedder").startswith(name)


async def test_what_left_the_stream_loses_its_vector(settings: Settings, place: Place) -> None:
    ours = with_embedder(settings, TOPICS)
    async with Mind.connect("ana", settings=ours) as mind:
        await remember(mind, "a car", "a lorry", "a kettle")
        assert "a car" in contents(await mind.recall("vehicle"))
        with place.server.client() as client:
            entries = [entry for entry, _ in client.xrange("memory:{ana}:episodic")]
            client.xdel("memory:{ana}:episodic", entries[0])
        assert contents(await mind.recall("vehicle"))[0] == "a lorry"
    async with Mind.connect("ana", settings=ours) as another:
        assert contents(await another.recall("vehicle"))[0] == "a lorry"
    with place.server.client() as client:
        assert set(client.hkeys(VECTORS)) == {"embedder", *entries[1:]}


async def test_many_memories_get_theirs_in_the_background(settings: Settings) -> None:
    """Somebody who waits for an answer waits for a part of them only."""
    async with Mind.connect("ana", settings=settings) as mind:
        await remember(mind, *(f"the kettle {n}" for n in range(250)), "a car")
        streams = Streams(mind._redis, "ana")
        recall = meaning_of(mind._redis, "ana", streams, TOPICS)
        assert recall is not None
        near = await recall.near("a lorry")
        assert near is not None and 0 < len(near.best(1000)) < 251
        service = meaning_of(mind._redis, "ana", streams, TOPICS)
        assert service is not None
        assert await service.complete() == 251 - len(near.best(1000))
        assert await service.complete() == 0
        embedders.CALLS.clear()
        near = await recall.near("a lorry")
        assert near is not None and len(near.best(1000)) == 251
        assert embedders.CALLS == [["a lorry"]], "the others were read"


@pytest.mark.parametrize("name", ["Broken", "Ragged"])
async def test_words_alone_when_it_fails(settings: Settings, name: str) -> None:
    broken = with_embedder(settings, f"tests.recall.embedders:{name}")
    async with Mind.connect("ana", settings=broken) as mind:
        await remember(mind, *SAID)
        assert contents(await mind.recall("cars"))[0] == SAID[0]
        meaning = mind._recall._meaning
        assert meaning is not None
        with pytest.raises(EmbedderFailed, match=r"memory\.embedder"):
            await meaning.complete()


@pytest.mark.parametrize(
    "name", ["nowhere:X", "tests.recall.embedders:X", "tests.recall.embedders:NoEmbedder"]
)
def test_an_embedder_that_is_none_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=r"memory\.embedder"):
        chosen(name)


def test_without_one_numpy_is_not_even_loaded(tmp_path: Path) -> None:
    code = "import sys, thoughtstream.mind, thoughtstream.service; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
