"""Hostile pickles are refused, and nothing in them runs."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.serialization._standins import RefusedPickleError
from neonlike.util.persist import load_obj

GOLDEN = Path(__file__).parents[1] / "golden" / "prm"


class Call:
    """Pickles as the call ``function(*args)``."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def load(data: bytes) -> Any:
    return load_obj(io.BytesIO(data))


def refuse(data: bytes, message: str = "") -> None:
    with pytest.raises(RefusedPickleError, match=message):
        load(data)


@pytest.fixture
def mark(tmp_path: Path) -> Any:
    """A file that must not appear."""
    path = tmp_path / "pwned"
    yield path
    assert not path.exists()


PLACES: dict[str, Callable[[Any], Any]] = {
    "alone": lambda payload: payload,
    "as a value": lambda payload: {"model": {"config": [payload]}},
    "as a key": lambda payload: {payload: 1},
    "in an object array": lambda payload: np.array([1, payload], dtype=object),
    "as an argument": lambda payload: Call(str, payload),
    "as a dtype": lambda payload: Call(np.zeros(1).__reduce__()[0], np.ndarray, (0,), payload),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("place", PLACES)
def test_system_calls(place: str, protocol: int, mark: Path) -> None:
    command = f"touch {mark}"
    for payload in (
        Call(os.system, command),
        Call(os.popen, command),
        Call(subprocess.Popen, command.split()),
        Call(eval, f"open({str(mark)!r}, 'w')"),
        Call(exec, f"open({str(mark)!r}, 'w')"),
        Call(__import__, "antigravity"),
        Call(getattr, Call(__import__, "os"), "system"),
        Call(open, str(mark), "w"),
        Call(Path.touch, mark),
    ):
        refuse(pickle.dumps(PLACES[place](payload), protocol), "no plain data|not accepted")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy", "memmap"),
        ("numpy", "void"),
        ("numpy", "dtype.__class__"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy.testing._private.utils", "runstring"),
        ("neonlike.util.persist", "save_obj"),
        ("neonlike.serialization._registry", "load_class"),
        ("neon.layers.layer", "Linear"),
        ("neon.util.persist", "load_obj"),
        ("builtins", "getattr"),
        ("__builtin__", "eval"),
        ("nt", "system"),
        ("posix", "system"),
        ("os", "system"),
        ("pickle", "loads"),
        ("_pickle", "loads"),
        ("copyreg", "add_extension"),
        ("functools", "partial"),
        ("operator", "attrgetter"),
        ("types", "FunctionType"),
    ],
)
def test_other_names(module: str, name: str) -> None:
    text = f"\x80\x02c{module}\n{name}\n.".encode("latin1")
    refuse(text, "no plain data")
    unicode = b"".join(b"\x8c%c%s" % (len(part), part.encode()) for part in (module, name))
    refuse(b"\x80\x04" + unicode + b"\x93.", "no plain data")


def test_names_below_neon_backends_are_never_imported(mark: Path, tmp_path: Path) -> None:
    for module in ("neon.backends.evil", "numpy.random.evil", "neon.backends..os"):
        refuse(f"\x80\x02c{module}\nsystem\n)\x81.".encode("latin1"), "an object of class")


def test_opcodes_without_a_place_in_honest_files(mark: Path) -> None:
    argument = f"S'touch {mark}'\n".encode()
    refuse(b"(" + argument + b"ios\nsystem\n.", "opcode 'i'")
    refuse(b"(cos\nsystem\n" + argument + b"o.", "opcode 'o'")
    refuse(b"Pid\n.", "opcode 'P'")
    refuse(b"Nq\x00Q.", "opcode 'Q'")
    refuse(b"\x80\x02\x82\x01.", "not accepted")
    refuse(b"\x80\x05\x97.", "not accepted")


@pytest.mark.parametrize(
    "target",
    [
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy.core.multiarray\nscalar\n",
        b"cnumpy\ndtype\n",
        b"c_codecs\nencode\n",
        b"ccopy_reg\n_reconstructor\n",
        b"cneon.backends.nervanacpu\nCPUTensor\n",
        b"cnumpy\nfloat32\n",
        b"c__builtin__\nset\n",
        b"c__builtin__\nint\n",
    ],
)
@pytest.mark.parametrize(
    "state",
    [b"}U\x08__call__K\x01s", b"N}U\x0c__setstate__K\x01s\x86", b"}U\x01xK\x01s"],
    ids=["dict", "slots", "plain"],
)
def test_the_reader_cannot_be_changed(target: bytes, state: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        load(b"\x80\x02" + target + state + b"b.")
    assert load(pickle.dumps(np.arange(3), 2)).tolist() == [0, 1, 2]


DTYPE = b"cnumpy\ndtype\n%s\x85R"
STATE = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def array(shape: bytes, dtype: bytes, content: bytes) -> bytes:
    """A pickled array of one axis with the given parts."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + b"\x85" + dtype + b"\x89" + content + b"tb."
    )


def test_honest_hand_made_array() -> None:
    honest = array(b"K\x02", DTYPE % b"U\x02f4" + STATE, b"U\x08" + bytes(8))
    assert load(honest).tolist() == [0, 0]


@pytest.mark.parametrize(
    "data",
    [
        array(b"K\x03", DTYPE % b"U\x02f4" + STATE, b"U\x08" + bytes(8)),
        array(b"J\xff\xff\xff\xff", DTYPE % b"U\x02f4" + STATE, b"U\x08" + bytes(8)),
        array(b"\x8a\x08" + b"\xff" * 7 + b"\x3f", DTYPE % b"U\x02f4", b"U\x00"),
        array(b"K\x01", DTYPE % b"U\x02O8" + STATE, b"U\x08AAAAAAAA"),
        array(b"K\x01", DTYPE % b"U\x05f4,O8", b"U\x08AAAAAAAA"),
        array(b"K\x01", DTYPE % b"U\x02V8", b"U\x08AAAAAAAA"),
        array(b"K\x01", DTYPE % b"U\x02m8", b"U\x08AAAAAAAA"),
        array(b"K\x01", DTYPE % b"U\x02f4" + STATE.replace(b"NNN", b"NN}", 1), b"U\x04AAAA"),
        array(b"K\x01", b"N", b"U\x04AAAA"),
        array(b"K\x01", b"cnumpy\ndtype\n", b"U\x04AAAA"),
        array(b"N", DTYPE % b"U\x02f4", b"U\x04AAAA"),
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R.",
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nfloat32\nK\x00\x85U\x01b\x87R.",
        b"\x80\x02cnumpy\nndarray\nK\x05\x85R.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aU\x03hex\x86R.",
        b"\x80\x02ccopy_reg\n_reconstructor\nc__builtin__\nset\nc__builtin__\nset\nN\x87R.",
    ],
)
def test_false_arrays(data: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        load(data)


def test_an_object_array_holds_what_the_list_says() -> None:
    data = array(b"K\x02", DTYPE % b"U\x02O8", b"]K\x01aK\x02a")
    assert load(data).tolist() == [1, 2]
    with pytest.raises(pickle.UnpicklingError):
        load(array(b"K\x03", DTYPE % b"U\x02O8", b"]K\x01aK\x02a"))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02]r\xff\xff\xff\xff.",  # memo index: the C unpickler would allocate 64 GB
        b"]p4294967295\n.",
        b"\x80\x02]p99999999999999999999\n.",
        b"\x80\x02B\xff\xff\xff\x7f.",  # lengths beyond the end
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
        b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
        b"\x80\x02\x8b\xff\xff\xff\xff.",
        b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",  # nested
        b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".",
        b"\x80\x02" + b"(" * 100_000 + b".",
        b"L" + b"9" * 100_000 + b"L\n.",
        b"\x80\x02h\x05.",  # nothing there
        b"\x80\x020.",
        b"\x80\xff.",
        b"\x80",
        b"",
        b"\xff",
        b"not a pickle",
    ],
)
def test_bombs_and_rubbish(data: bytes) -> None:
    begin = time.monotonic()
    with pytest.raises(pickle.UnpicklingError):
        load(data)
    assert time.monotonic() - begin < 20


def test_shared_content_is_visited_once() -> None:
    bomb: Any = []
    for _ in range(200):  # 2**200 leaves, if each reference were followed
        bomb = [bomb, bomb]
    loaded = load(pickle.dumps(bomb, 2))
    assert loaded[0] is loaded[1]
    loop: list[Any] = []
    loop.append(loop)
    loaded = load(pickle.dumps(loop, 2))
    assert loaded[0] is loaded


def test_every_cut_off_file_is_refused() -> None:
    data = (GOLDEN / "mlp_nostates_py3.prm").read_bytes()
    for length in range(0, len(data) - 1, 37):
        with pytest.raises(pickle.UnpicklingError, match="cannot be read"):
            load(data[:length])


@pytest.mark.parametrize("name", ["mlp_py2.prm", "mlp_py3.prm"])
def test_damaged_files_never_crash(name: str) -> None:
    honest = (GOLDEN / name).read_bytes()
    rng = np.random.RandomState(0)
    for _ in range(300):
        data = bytearray(honest)
        for place in rng.randint(0, len(data), 4):
            data[place] = rng.randint(0, 256)
        with contextlib.suppress(pickle.UnpicklingError):
            load(bytes(data))
