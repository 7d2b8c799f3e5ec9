"""Static word vectors: WordLlama's, offline, 0.1 ms a text. The extra `recall-static`.

`memory.embedder = "thoughtstream.memory.static_embedder:StaticEmbedder"`

Its wheel has vectors (16 MB, 32,000 tokens of 256 dimensions) and tokenizer, but its loader looks
for the latter in a directory of another name, and so would download it; and importing it changes
how the process logs. So its files are read here, and none of its code. Licence: the wheel is MIT;
the vectors were trained from the token embeddings of LLaMA 2 70B (Llama 2 Community License) and
phi 3 (MIT). We redistribute none of it.
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from thoughtstream.language.english import STOP_WORDS

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_BLANK = "\u2581"

Floats = npt.NDArray[np.float32]


class StaticEmbedder:
    """The sum of the vectors of a text's tokens that tell something."""

    def __init__(self) -> None:
        """Raises: ImportError: the extra isn't installed."""
        self._tokenizer, self._vectors = _files()

    def embed(self, texts: Sequence[str]) -> Floats:
        """The vectors of these texts: an array of (texts, 256)."""
        encoded = self._tokenizer.encode_batch(
            [text.lower() for text in texts], add_special_tokens=False
        )
        rows = [self._vectors[one.ids].sum(axis=0) for one in encoded]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self._vectors.shape[1])


@cache
def _files() -> tuple[Tokenizer, Floats]:
    """The tokenizer, and the vectors by token; those of tokens that tell nothing are zeros."""
    package = importlib.util.find_spec("wordllama")
    if package is None or package.origin is None:
        raise ImportError("wordllama is missing: pip install 'thoughtstream[recall-static]'")
    root = Path(package.origin).parent
    tokenizer = Tokenizer.from_file(str(root / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    [vectors] = load_file(root / _WEIGHTS).values()
    vectors = vectors.astype(np.float32)
    for token, number in tokenizer.get_vocab().items():
        word = token.lstrip(_BLANK).lower()
        if number < len(vectors) and (word in STOP_WORDS or not any(map(str.isalnum, word))):
            vectors[number] = 0
    return tokenizer, vectors
