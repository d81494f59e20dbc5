"""Data sets: real files, missing files, refused files."""

from __future__ import annotations

import http.server
import io
import pickle
import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from neonlike.backends import gen_backend
from neonlike.data import (
    BABI,
    CIFAR10,
    DUMMY,
    IMDB,
    MNIST,
    PTB,
    QA,
    SICK,
    Dataset,
    Flickr8k,
    HutterPrize,
    ImageCaption,
    Shakespeare,
    Text,
)
from neonlike.data.convert_manifest import convert_manifest
from neonlike.data.indexer import Indexer
from neonlike.data.text_preprocessing import get_google_word2vec_W, pad_sentences
from neonlike.util.persist import load_obj, save_obj

REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(autouse=True)
def backend() -> Any:
    """These checks do not depend on the kernel set."""
    return gen_backend("reference", batch_size=4)


@pytest.fixture
def real(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A copy of one folder of real data: several classes write beside their files."""
    folder = REAL_DATA / request.param
    if not folder.is_dir():
        pytest.skip(f"the real data {folder} are not on this machine")
    return str(shutil.copytree(folder, tmp_path / request.param, copy_function=shutil.copyfile))


@pytest.mark.parametrize("real", ["mnist_small"], indirect=True)
def test_real_mnist(real: str) -> None:
    data = MNIST(path=real, subset_pct=10)
    assert (data.train_iter.ndata, data.valid_iter.ndata) == (512, 102)
    x, t = next(iter(data.train_iter))
    assert x.shape == (784, 4)
    assert x.get().max() <= 1
    np.testing.assert_array_equal(t.get().argmax(axis=0), [5, 0, 4, 1])


@pytest.mark.parametrize("real", ["cifar10"], indirect=True)
def test_real_cifar10(real: str) -> None:
    (X_train, y_train), (X_test, y_test), nclass = CIFAR10(path=real).load_data()
    assert (X_train.shape, y_train.shape) == ((2500, 3072), (2500, 1))
    assert (X_test.shape, nclass) == ((500, 3072), 10)
    assert np.bincount(y_test.ravel()).tolist() == [50] * 10


@pytest.mark.parametrize("real", ["wikitext2_ptb_small"], indirect=True)
def test_real_ptb_words(real: str) -> None:
    data = PTB(20, path=real, tokenizer="newline_tokenizer", onehot_input=False)
    assert {"<eos>", "<unk>", "the"} < set(data.train_iter.vocab)
    assert 2200 < data.train_iter.nclass <= 2311
    assert data.test_iter.vocab == data.train_iter.vocab


@pytest.mark.parametrize("real", ["shakespeare"], indirect=True)
def test_real_shakespeare(real: str) -> None:
    data = Shakespeare(50, path=real)
    assert data.train_iter.nclass == 65
    assert data.train_iter.nbatches == int(1115394 * 0.9) // 200


@pytest.mark.parametrize("real", ["babi"], indirect=True)
def test_real_babi(real: str, backend: Any) -> None:
    data = BABI(path=real, task="qa15_basic-deduction")
    story, query, answer = data.train
    assert (len(story), answer.shape[1]) == (1000, data.vocab_size)
    (x, q), t = next(iter(QA(*data.train)))
    assert (x.shape, q.shape) == ((data.story_maxlen, 4), (data.query_maxlen, 4))
    assert t.get().sum() == 4


@pytest.mark.parametrize("real", ["imdb"], indirect=True)
def test_real_imdb(real: str) -> None:
    data = IMDB(vocab_size=500, sentence_length=20, path=real)
    assert (data.train_iter.ndata, data.test_iter.ndata) == (2400, 600)
    assert data.train_iter.Xdev[0].get().max() == 499


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: MNIST(path=path).load_data(), "mnist.pkl.gz"),
        (lambda path: CIFAR10(path=path).load_data(), "cifar-10-python.tar.gz"),
        (lambda path: Shakespeare(5, path=path).load_data(), "shakespeare_input.txt"),
        (lambda path: PTB(5, path=path).load_data(), "ptb.train.txt"),
        (lambda path: IMDB(5, 5, path=path).load_data(), "imdb.pkl"),
        (lambda path: HutterPrize(path=path).load_data(), "enwik8.zip"),
        (lambda path: BABI(path=path), "tasks_1-20_v1-2.tar.gz"),
        (lambda path: SICK(path=path + "/").load_data(), "sick_train.zip"),
        (lambda path: Flickr8k(path=path).load_data(), "flickr8k.zip"),
        (lambda path: ImageCaption(path), "features.pkl.gz"),
    ],
)
def test_missing_file_without_network(
    make: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: Any, **__: Any) -> Any:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(FileNotFoundError, match="is not in the folder") as caught:
        make(str(tmp_path))
    assert name in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server of the folder ``www``."""
    (tmp_path / "www").mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(tmp_path / "www"), **kwargs)

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_download(server: str, tmp_path: Path) -> None:
    (tmp_path / "www" / "a.txt").write_text("content")
    data = Dataset("a.txt", server, 7, path=str(tmp_path / "here"))
    assert Path(data.load_zip("a.txt", 7)).read_text() == "content"
    (tmp_path / "www" / "a.txt").write_text("changed")
    assert Path(data.load_zip("a.txt", 7)).read_text() == "content"  # not fetched again
    with pytest.raises(FileNotFoundError, match="404"):
        data.load_zip("b.txt", 7)


def test_download_with_checksum(server: str, tmp_path: Path) -> None:
    class Known(Dataset):
        md5: ClassVar[dict[str, str]] = {"a.txt": "9a0364b9e99bb480dd25e1f0284c8555"}

    (tmp_path / "www" / "a.txt").write_text("content")
    data = Known("a.txt", server, 0, path=str(tmp_path / "here"))
    assert data.find().read_text() == "content"
    data.find().unlink()
    (tmp_path / "www" / "a.txt").write_text("please log in")
    with pytest.raises(FileNotFoundError, match="what came has the MD5 checksum .* instead of 9a0"):
        data.find()
    assert not list((tmp_path / "here").iterdir())


def test_zip_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "enwik8.zip", "w") as file:
        file.writestr("enwik8", "text")
    path = HutterPrize(path=str(tmp_path)).load_data()
    assert path == str(tmp_path / "enwik8")
    assert Path(path).read_text() == "text"


def test_dataset_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Dataset("a", "b", 1)
    assert data.serialize()["config"] == {"filename": "a", "url": "b", "size": 1}
    for call in (data.gen_iterators, data.load_data):
        with pytest.raises(NotImplementedError, match="Dataset"):
            call()
    with pytest.raises(NotImplementedError, match="subset_pct must be 100, got 50"):
        CIFAR10(subset_pct=50)
    monkeypatch.setattr(data, "gen_iterators", lambda: {"train": 3})
    assert data.train_iter == 3
    with pytest.raises(AssertionError, match="no iterator for set valid"):
        _ = data.valid_iter


def test_valid_path_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / "new")
    assert Dataset._valid_path_append(folder) == folder
    assert Dataset._valid_path_append(folder, "a") == str(Path(folder) / "a")
    assert Dataset._valid_path_append(folder, "a", "b") == [f"{folder}/a", f"{folder}/b"]
    assert Dataset._valid_path_append(folder, "") == f"{folder}/"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Dataset._valid_path_append("~") == str(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="must be a folder"):
        Dataset._valid_path_append(str(tmp_path / "file"))


def test_refused_files(tmp_path: Path) -> None:
    save_obj(((np.zeros((3, 784)), np.zeros(3)),) * 2, tmp_path / "mnist.pkl.gz")
    with pytest.raises(ValueError, match=r"mnist.pkl.gz: expected images \(n, 28, 28\)"):
        MNIST(path=str(tmp_path)).load_data()
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
        save_obj({"data": np.zeros((1, 3072), np.uint8), "labels": [1]}, batches / name)
    assert CIFAR10(path=str(tmp_path)).load_data()[0][0].shape == (5, 3072)
    save_obj({b"data": np.zeros((2, 3072)), b"labels": [1, 2]}, batches / "data_batch_3")
    with pytest.raises(ValueError, match="equally many images, got .1, 1, 2, 1, 1."):
        CIFAR10(path=str(tmp_path)).load_data()
    save_obj({"data": np.zeros((2, 9)), "labels": [1, 2]}, batches / "data_batch_3")
    with pytest.raises(ValueError, match=r"data_batch_3: expected data \(2, 3072\)"):
        CIFAR10(path=str(tmp_path)).load_data()


def test_whitening_is_cached(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    sets = rng.rand(9, 4), rng.rand(3, 4)
    cache = str(tmp_path / "zca.pkl")
    first = CIFAR10.zca_whiten(*sets, cache=cache)
    np.testing.assert_array_equal(CIFAR10.zca_whiten(*sets, cache=cache)[0], first[0])
    save_obj((0, np.eye(4)), cache)  # taken as it is
    np.testing.assert_array_equal(CIFAR10.zca_whiten(*sets, cache=cache)[0], sets[0])


def test_dummy() -> None:
    data = DUMMY(batch_size=4)
    assert data.load_data()[0][1].shape == (4, 1000)
    x, t = next(iter(data.train_iter))
    assert (x.shape, t.shape) == ((3 * 224 * 224, 4), (1000, 4))


def test_text_refuses(tmp_path: Path) -> None:
    path = str(tmp_path / "a.txt")
    Path(path).write_text("abc" * 10)
    with pytest.raises(ValueError, match="a.txt is too short for one batch: 4 .* need 32 tokens"):
        Text(8, path)
    with pytest.raises(AssertionError, match="lacks 1 tokens of the text, such as 'c'"):
        Text(2, path, vocab=["a", "b"])
    with pytest.raises(ValueError, match="time_steps must be a whole number of at least 1, got 0"):
        Text(0, path)
    Path(path).write_bytes(b"\xff" * 50)
    with pytest.raises(UnicodeDecodeError) as caught:
        Text(2, path)
    assert caught.value.__notes__ == [f"{path} is no text in UTF-8"]
    with pytest.raises(ValueError, match="tokenizer must be 'newline_tokenizer'"):
        PTB(5, tokenizer="words")


def test_moved_helpers_still_work() -> None:
    with pytest.warns(DeprecationWarning, match="text_preprocessing.pad_sentences"):
        assert Text.pad_sentences([[1], [2, 3]]).tolist() == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="empty sentences"):
        pad_sentences([[1], []])


def test_word2vec(tmp_path: Path) -> None:
    path = str(tmp_path / "vectors.bin")
    content = io.BytesIO(b"")
    content.write(b"3 2\n")
    for word, vector in ((b"cat", (1, 2)), (b"dog", (3, 4)), (b"fish", (5, 6))):
        content.write(word + b" " + np.array(vector, np.float32).tobytes() + b"\n")
    Path(path).write_bytes(content.getvalue())
    np.random.seed(0)
    W, dim, rows = get_google_word2vec_W(path, {"dog": 0, "bird": 1, b"cat": 2})
    assert (dim, rows) == (2, 6)
    np.testing.assert_array_equal(W[[3, 5]], [[3, 4], [1, 2]])
    assert (np.abs(W[[0, 1, 2, 4]]) <= 0.25).all()
    Path(path).write_bytes(content.getvalue()[:20])
    with pytest.raises(ValueError, match="vectors.bin"):
        get_google_word2vec_W(path, {"dog": 0})


def test_sick(tmp_path: Path) -> None:
    for phase in ("train", "trial", "test_annotated"):
        with zipfile.ZipFile(tmp_path / f"sick_{phase}.zip", "w") as file:
            lines = f"id\tA\tB\tscore\n1\ta {phase}\tb\t4.5\tx\n2\tc\td\t3\ty\n"
            file.writestr(f"SICK_{phase}.txt", lines)
    train, dev, _, scores = SICK(path=f"{tmp_path}/").load_eval_data()
    assert train == ([b"a train", b"c"], [b"b", b"d"])
    assert dev[0] == [b"a trial", b"c"]
    assert scores[2] == [4.5, 3.0]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [({"task": "qa99"}, "task must be one of"), ({"subset": "de"}, "subset must be one of")],
)
def test_babi_refuses(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        BABI(**kwargs)


def test_babi_reads_the_subset(tmp_path: Path) -> None:
    folder = tmp_path / "tasks_1-20_v1-2" / "hn-10k"
    folder.mkdir(parents=True)
    for phase in ("train", "test"):
        file = folder / f"qa1_single-supporting-fact_{phase}.txt"
        file.write_text("1 John left.\n2 Who left? \tJohn\t1\n")
    data = BABI(path=str(tmp_path), subset="hn-10k")
    assert data.vocab == [".", "?", "John", "Who", "left"]
    (folder / "qa1_single-supporting-fact_test.txt").write_text("no number\n")
    with pytest.raises(ValueError, match="line 1: expected 'id text', got 'no number'"):
        BABI(path=str(tmp_path), subset="hn-10k")


def test_qa_refuses_and_leaves_the_arrays_alone() -> None:
    story = np.arange(8).reshape(8, 1)
    with pytest.raises(ValueError, match=r"have \[8, 7, 8\] examples"):
        QA(story, story[:7], story)
    with pytest.raises(ValueError, match="batch size 4 is larger"):
        QA(story[:3], story[:3], story[:3])
    assert len(list(QA(story, story, story))) == 2
    assert (story.ravel() == np.arange(8)).all()


def test_indexer(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.jpg", "a/3.jpg", "a/readme.txt"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    index = tmp_path / "index.csv"
    for _ in range(2):  # the second run leaves the file alone
        Indexer(str(tmp_path / "images"), str(index), pattern="*.jpg").run()
        assert index.read_text() == "filename,label1\na/3.jpg,0\nb/1.jpg,1\nb/2.jpg,1\n"
    with pytest.raises(FileNotFoundError, match="no subfolders"):
        Indexer(str(tmp_path / "images" / "a"), str(tmp_path / "x.csv")).run()


def test_convert_manifest(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.tsv"
    old.write_text("a.jpg,a.txt\nb.jpg,b.txt\n")
    convert_manifest(old, new)
    assert new.read_text() == "@FILE\tFILE\na.jpg\ta.txt\nb.jpg\tb.txt\n"
    convert_manifest(old)
    assert old.read_text() == new.read_text()


def test_data_files_are_read_through_the_allow_list(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "pwned",)

    (tmp_path / "imdb.pkl").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(pickle.UnpicklingError, match="imdb.pkl was refused"):
        IMDB(10, 10, path=str(tmp_path)).gen_iterators()
    with pytest.raises(pickle.UnpicklingError):
        load_obj(tmp_path / "imdb.pkl")
    assert not (tmp_path / "pwned").exists()
