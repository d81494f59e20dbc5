"""The bAbI question answering tasks (spec data 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neonlike.data._dataset import Dataset
from neonlike.data._download import existing_folder, unpack_tar
from neonlike.data._sentences import pad_sentences

Array = NDArray[Any]
Sample = tuple[list[str], list[str], str]  # story, query, answer

FOLDER = "tasks_1-20_v1-2"
SUBSETS = [name + size for name in ("en", "hn", "shuffled") for size in ("", "-10k")]
TASKS = [
    "qa1_single-supporting-fact",
    "qa2_two-supporting-facts",
    "qa3_three-supporting-facts",
    "qa4_two-arg-relations",
    "qa5_three-arg-relations",
    "qa6_yes-no-questions",
    "qa7_counting",
    "qa8_lists-sets",
    "qa9_simple-negation",
    "qa10_indefinite-knowledge",
    "qa11_basic-coreference",
    "qa12_conjunction",
    "qa13_compound-coreference",
    "qa14_time-reasoning",
    "qa15_basic-deduction",
    "qa16_basic-induction",
    "qa17_positional-reasoning",
    "qa18_size-reasoning",
    "qa19_path-finding",
    "qa20_agents-motivations",
]


class BABI(Dataset):
    """Stories with questions, from ``tasks_1-20_v1-2.tar.gz`` or its unpacked folder.

    Args:
        path: folder of the archive.
        task: one of ``tasks``.
        subset: language and size: 'en', 'hn', 'shuffled', or these with '-10k'.

    Raises:
        AssertionError: unknown task or subset.

    Attributes:
        tasks: the names of all tasks, also of the class.
        vocab: sorted list of all words of both sets.
        vocab_size: their number, and two: 0 is padding, the last is unknown.
        train: ``(story, query, answer)`` arrays for ``QA``; ``test`` likewise.
    """

    tasks: ClassVar[Sequence[str]] = TASKS

    def __init__(
        self, path: str = ".", task: str = "qa1_single-supporting-fact", subset: str = "en"
    ) -> None:
        url = "http://www.thespermwhale.com/jaseweston/babi"
        super().__init__(f"{FOLDER}.tar.gz", url, 11745123, path=path)
        for kind, value, known in (("task", task, TASKS), ("subset", subset, SUBSETS)):
            if value not in known:
                raise AssertionError(f"BABI: {kind} must be one of {known}, got {value!r}")
        self.task = task
        self.subset = subset
        self.train_file, self.test_file = self.load_data(path, task, subset)
        self.train_parsed = self.parse_babi(self.train_file)
        self.test_parsed = self.parse_babi(self.test_file)
        self.compute_statistics()
        self.train = self.vectorize_stories(self.train_parsed)
        self.test = self.vectorize_stories(self.test_parsed)

    def load_data(
        self, path: str = ".", task: str = "qa1_single-supporting-fact", subset: str = "en"
    ) -> tuple[str, str]:
        """Return the paths of the train and the test file, unpacked if they are missing."""
        root = existing_folder(path)
        names = [f"{FOLDER}/{subset}/{task}_{phase}.txt" for phase in ("train", "test")]
        if not all((root / name).exists() for name in names):
            unpack_tar(self.find(), names, root)
        return str(root / names[0]), str(root / names[1])

    @staticmethod
    def data_to_list(data: str) -> list[str]:
        """Return the lines of a text."""
        return data.strip().split("\n")

    @staticmethod
    def tokenize(sentence: str) -> list[str]:
        """Return words and marks of a sentence: ``"Is it?"`` → ``["Is", "it", "?"]``."""
        parts = (part.strip() for part in re.split(r"(\W+)", sentence))
        return [part for part in parts if part]

    @staticmethod
    def flatten(data: Iterable[Iterable[Any]]) -> list[Any]:
        """Return the items of nested lists in one list."""
        return [item for inner in data for item in inner]

    @staticmethod
    def parse_babi(babi_file: str) -> list[Sample]:
        """Return the questions of a file as (words of the story so far, question, answer).

        Raises:
            ValueError: a line that is neither a statement nor a question.
        """
        samples: list[Sample] = []
        story: list[list[str]] = []
        text = Path(babi_file).read_text(encoding="utf-8")
        for number, line in enumerate(BABI.data_to_list(text), 1):
            index, _, content = line.strip().partition(" ")
            if not index.isdigit():
                raise ValueError(f"{babi_file}, line {number}: expected 'id text', got {line!r}")
            if index == "1":
                story = []
            if "\t" in content:
                question, answer, *_ = content.split("\t")
                samples.append((BABI.flatten(story), BABI.tokenize(question), answer))
            else:
                story.append(BABI.tokenize(content))
        return samples

    def compute_statistics(self) -> None:
        """Set the vocabulary and the longest lengths from the parsed files."""
        samples = self.train_parsed + self.test_parsed
        self.vocab = sorted({word for s, q, a in samples for word in [*s, *q, a]})
        self.vocab_size = len(self.vocab) + 2
        self.word_to_index = {word: index for index, word in enumerate(self.vocab, 1)}
        self.index_to_word = {index: word for word, index in self.word_to_index.items()}
        self.story_maxlen = max(len(story) for story, _, _ in samples)
        self.query_maxlen = max(len(query) for _, query, _ in samples)

    def words_to_vector(self, words: Sequence[str]) -> list[int]:
        """Return the indices of words; unknown ones are ``vocab_size - 1``."""
        return [self.word_to_index.get(word, self.vocab_size - 1) for word in words]

    def one_hot_vector(self, answer: str) -> Array:
        """Return a vector of length ``vocab_size`` with a one at the answer."""
        vector = np.zeros(self.vocab_size)
        vector[self.words_to_vector([answer])] = 1
        return vector

    def vectorize_stories(self, data: Sequence[Sample]) -> tuple[Array, Array, Array]:
        """Return parsed samples as arrays: padded stories and queries, one-hot answers."""
        stories, queries, answers = zip(*data, strict=True)
        return (
            pad_sentences([self.words_to_vector(s) for s in stories], self.story_maxlen),
            pad_sentences([self.words_to_vector(q) for q in queries], self.query_maxlen),
            np.array([self.one_hot_vector(answer) for answer in answers]),
        )
