"""A mind that is put to sleep."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from thoughtstream import Mind
from thoughtstream.config import Settings


@pytest.fixture
async def mind(redis: Any, settings: Settings) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind
