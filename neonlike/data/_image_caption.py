"""Images with sentences that describe them (spec data 11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._dataset import Dataset
from neonlike.data._iterator import ShuffledIterator
from neonlike.serialization._objects import load_obj

Array = NDArray[Any]

MIN_COUNT = 5  # rarer words are left out
MAX_WORDS = 21  # of a generated sentence


class ImageCaption(ShuffledIterator):
    """Training minibatches of (image features, sentence so far) and (next words, mask).

    Reads ``path/features.pkl.gz``: ``sents`` (the sentences of each image) and
    ``feats`` ``(image_size, images)``. One example per pair of image and
    sentence, in an order drawn from the backend's generator for each epoch.
    With L the longest sentence plus one, a batch is::

        (image (image_size, N), one-hot words (vocab_size, L*N)),
        (one-hot next words * mask, mask (vocab_size, (L+1)*N))

    Args:
        path: folder of the file.
        max_images: if positive, stop after so many sentences (and one).

    Raises:
        ValueError: fewer examples than the batch size.
    """

    image_size = 4096
    end_token = "."
    shuffled = ("X", "y", "images", "sent_length")

    def __init__(self, path: str, max_images: int = -1) -> None:
        super().__init__(name=None)
        self._read(path)
        self._take_pairs(max_images)
        self._set_batches(len(self.X))
        self._allocate()

    def _read(self, path: str) -> None:
        self.path = path
        file = Path(path) / "features.pkl.gz"
        if not file.exists():
            raise FileNotFoundError(f"features.pkl.gz is not in the folder {path}")
        self.dataset = load_obj(file)
        self.sent_data = self.dataset["sents"]
        self.features = np.asarray(self.dataset["feats"])
        if self.features.shape[0] != self.image_size:
            raise ValueError(
                f"{path}/features.pkl.gz: feats must be of shape ({self.image_size}, images), "
                f"got {self.features.shape}"
            )
        self.load_vocab()

    def load_vocab(self) -> None:
        """Set vocabulary, ``bias_init``, ``max_sentence_length`` from the train sentences."""
        sentences = list(self.iterSentences())
        counts = Counter(word for tokens in sentences for word in tokens)
        words = [word for word, count in counts.items() if count >= MIN_COUNT]
        words = [self.end_token, *(word for word in words if word != self.end_token)]
        self.vocab_size = len(words)
        self.index_to_vocab = dict(enumerate(words))
        self.vocab_to_index = {word: index for index, word in enumerate(words)}
        self.max_sentence_length = max(map(len, sentences)) + 1
        frequency = np.array([[counts[word]] for word in words], float)
        frequency[0] = len(sentences)
        bias = np.log(frequency / frequency.sum())
        self.bias_init = bias - bias.max()

    def iterSentences(self) -> Iterator[list[str]]:
        """Yield the words of each train sentence."""
        for _, tokens in self.iterImageSentencePair():
            yield tokens

    def iterImageSentencePair(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (image, words) for each train sentence."""
        for image in self.sent_data["train"]:
            for sentence in image["sentences"]:
                yield image["imgid"], sentence["tokens"]

    def iterImageSentenceGroup(self) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield (image, its sentences) for each test image."""
        for image in self.sent_data["test"]:
            yield image["imgid"], [sentence["tokens"] for sentence in image["sentences"]]

    def read_images(self, split: str) -> Array:
        """Return the features of the images of a split, ``(images, image_size)``."""
        return self.features.T[[image["imgid"] for image in self.sent_data[split]]]

    def _take_pairs(self, max_images: int) -> None:
        pairs = list(self.iterImageSentencePair())
        if max_images > 0:
            pairs = pairs[: max_images + 1]
        longest = self.max_sentence_length
        self.X = np.zeros((len(pairs), longest))
        self.sent_length = np.zeros(len(pairs), np.int64)
        for row, (_, tokens) in enumerate(pairs):
            known = [self.vocab_to_index[word] for word in tokens if word in self.vocab_to_index]
            indices = [0, *known][:longest]
            self.X[row, : len(indices)] = indices
            self.sent_length[row] = len(indices) + 1
        self.y = np.pad(self.X, ((0, 0), (0, 1)))
        self.images = self.features.T[[image for image, _ in pairs]]

    def _set_batches(self, examples: int) -> None:
        n = self.be.bsz
        self.nbatches = examples // n
        self.ndata = self.nbatches * n
        self.shape: list[Any] = [self.image_size, (self.vocab_size, self.max_sentence_length)]
        if not self.nbatches:
            raise ValueError(
                f"{self.path}: the batch size {n} is larger than the data set, which has "
                f"{examples} examples"
            )

    def _allocate(self) -> None:
        be, n, longest = self.be, self.be.bsz, self.max_sentence_length
        self.dev_image = be.zeros((self.image_size, n))
        self.dev_lbl = be.zeros((longest, n), dtype=np.int32)
        self.dev_lblflat = self.dev_lbl.reshape((1, longest * n))
        self.dev_X = be.zeros((self.vocab_size, longest * n))
        self.dev_y_lbl = be.zeros((longest + 1, n), dtype=np.int32)
        self.dev_y_lblflat = self.dev_y_lbl.reshape((1, (longest + 1) * n))
        self.dev_y = be.zeros((self.vocab_size, (longest + 1) * n))
        self.dev_y_mask = be.zeros((self.vocab_size, (longest + 1) * n))

    def reset(self) -> None:
        """Do nothing: every epoch starts with a new order."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Shuffle, then yield the minibatches of one epoch."""
        self._shuffle()
        n, steps = self.be.bsz, np.arange(self.max_sentence_length + 1)
        for batch in range(self.nbatches):
            rows = slice(batch * n, (batch + 1) * n)
            self.dev_image[:] = self.images[rows].T
            self._fill_words(self.X[rows].T)
            self.dev_y_lbl[:] = self.y[rows].T
            mask = steps[:, np.newaxis] <= self.sent_length[rows]
            self.dev_y_mask[:] = self.be.array(mask.reshape(1, -1))
            self.dev_y[:] = self.be.onehot(self.dev_y_lblflat, axis=0)
            self.dev_y[:] = self.dev_y * self.dev_y_mask
            yield (self.dev_image, self.dev_X), (self.dev_y, self.dev_y_mask)

    def _fill_words(self, indices: Array) -> None:
        self.dev_lbl[:] = indices
        self.dev_X[:] = self.be.onehot(self.dev_lblflat, axis=0)

    def prob_to_word(self, prob: Any) -> list[str]:
        """Return the sentence of most probable words for each example.

        Args:
            prob: ``(vocab_size, steps*N)``. A sentence ends with the first end
                token that is not its first word.
        """
        best = np.asarray(prob).argmax(axis=0).reshape(-1, self.be.bsz)
        limit = min(len(best) - 1, MAX_WORDS)
        return [self._sentence(column[:limit]) for column in best.T]

    def _sentence(self, indices: Array) -> str:
        words: list[str] = []
        for index in indices:
            words.append(self.index_to_vocab[int(index)])
            if words[-1] == self.end_token and len(words) > 1:
                break
        return " ".join(words)

    def predict(self, model: Any) -> tuple[list[str], list[Any]]:
        """Generate a sentence for every image, always taking the most probable word.

        Args:
            model: trained model, whose output step t predicts word t.

        Returns:
            The sentences, and the targets as the iterator delivers them.
        """
        sentences: list[str] = []
        targets: list[Any] = []
        for (image, _), target in self:
            words = np.zeros((self.max_sentence_length, self.be.bsz), np.int32)
            for step in range(1, self.max_sentence_length):
                best = self._fprop(model, image, words).argmax(axis=0).reshape(-1, self.be.bsz)
                words[step] = best[step]
            sentences += self.prob_to_word(self._fprop(model, image, words))
            targets += target[0]
        return sentences, targets

    def _fprop(self, model: Any, image: Any, words: Array) -> Array:
        self._fill_words(words)
        output: Array = model.fprop((image, self.dev_X), inference=True).get()
        return output

    def bleu_score(self, sents: Sequence[str], targets: Sequence[Sequence[str]]) -> float:
        """Return (and display) the BLEU-4 score of sentences.

        Args:
            sents: generated sentences.
            targets: reference sentences of each.
        """
        from neonlike.transforms import BLEUScore  # here: data alone does not need it

        generated = [sentence.strip(f"{self.end_token} ") for sentence in sents]
        return float(BLEUScore()(generated, targets, N=4, brevity_penalty=True))


class ImageCaptionTest(ImageCaption):
    """Test images in file order, with the vocabulary of the train sentences.

    A batch is ``((image, words), (reference sentences of each image, None))``;
    ``words`` is a buffer for ``predict``.

    Args:
        path: folder of ``features.pkl.gz``.
    """

    def __init__(self, path: str) -> None:
        ShuffledIterator.__init__(self, name=None)
        self._read(path)
        self.images = self.read_images("test")
        self.ref_sents = [
            [" ".join(tokens) for tokens in sentences]
            for _, sentences in self.iterImageSentenceGroup()
        ]
        self._set_batches(len(self.images))
        self._allocate()

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield the minibatches, in file order."""
        n = self.be.bsz
        for batch in range(self.nbatches):
            rows = slice(batch * n, (batch + 1) * n)
            self.dev_image[:] = self.images[rows].T
            yield (self.dev_image, self.dev_X), (self.ref_sents[rows], None)


class _CaptionDataset(Dataset):
    """Base: an archive with a folder that holds ``features.pkl.gz``."""

    archive: str
    archive_size: int

    def __init__(self, path: str = ".", max_images: int = -1) -> None:
        url = "https://cs.stanford.edu/people/karpathy/deepimagesent"
        super().__init__(self.archive, url, self.archive_size, path=path)
        self.max_images = max_images

    def load_data(self) -> str:
        """Return the path of the unpacked folder."""
        return self.load_zip(self.filename, self.size)

    def gen_iterators(self) -> dict[str, ImageCaption]:
        """Return the iterators 'train' and 'test'."""
        folder = self.load_data()
        return {
            "train": ImageCaption(folder, self.max_images),
            "test": ImageCaptionTest(folder),
        }


class Flickr8k(_CaptionDataset):
    """8,000 photos with five sentences each, as features, from ``flickr8k.zip``.

    Args:
        path: folder of the archive.
        max_images: if positive, stop after so many sentences (and one).
    """

    archive = "flickr8k.zip"
    archive_size = 49165563


class Flickr30k(_CaptionDataset):
    """30,000 photos with five sentences each, as features, from ``flickr30k.zip``.

    Args:
        path: folder of the archive.
        max_images: if positive, stop after so many sentences (and one).
    """

    archive = "flickr30k.zip"
    archive_size = 195267563


class Coco(_CaptionDataset):
    """The photos of COCO with their sentences, as features, from ``coco.zip``.

    Args:
        path: folder of the archive.
        max_images: if positive, stop after so many sentences (and one).
    """

    archive = "coco.zip"
    archive_size = 738051031
