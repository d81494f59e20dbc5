"""Damaged at random, with fixed seeds: every file is loaded or refused, in bounded memory."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, BatchNorm
from neonlike.models import Model
from neonlike.transforms import Rectlin

TRIALS = 400
INTERESTING = [b"\0", b"\xff", b"{", b"}", b"[", b'"', b"$", b"\x80", b".", b"9" * 20, b"\xff" * 8]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small model in both formats."""
    folder = tmp_path_factory.mktemp("honest")
    gen_backend("reference", rng_seed=0, batch_size=2)
    layers = [Affine(2, Gaussian(), activation=Rectlin()), BatchNorm(), Affine(2, Gaussian())]
    model = Model(layers)
    model.initialize(3)
    for name in ("net.prm", "net.safetensors"):
        model.save_params(folder / name)
    cleanup_backend()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damaged(data: bytes, rng: np.random.RandomState) -> bytes:
    """Change, insert, remove, double or cut off something, one to four times."""
    for _ in range(rng.randint(1, 5)):
        place, other = sorted(rng.randint(0, len(data) + 1, 2))
        piece = INTERESTING[rng.randint(len(INTERESTING))]
        data = [
            data[:place] + piece + data[place + len(piece) :],
            data[:place] + piece + data[place:],
            data[:place] + data[min(other, place + 20) :],
            data[:other] + data[place:other][:200] + data[other:],
            data[: max(other, 10)],
        ][rng.randint(5)]
    return data


PROGRAM = """
import json, pathlib, pickle, resource, sys, time
from neonlike.backends import gen_backend
from neonlike.models import Model

gen_backend("reference", batch_size=2)
audit = []
sys.addaudithook(lambda event, args: audit.append(event))
limit = 1 << 30  # of address space, beyond what the imports have taken
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + limit, resource.RLIM_INFINITY))
counts = {"loaded": 0, "refused": 0}
slowest = 0.0
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    begin = time.monotonic()
    try:
        Model(str(path))
        counts["loaded"] += 1
    except (pickle.UnpicklingError, ValueError, AssertionError, KeyError) as error:
        counts["refused"] += 1
        assert str(error).strip() and len(str(error)) < 1000, (path, error)
    slowest = max(slowest, time.monotonic() - begin)
forbidden = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect"}
forbidden |= {"os.remove", "os.rename", "os.mkdir", "os.chmod", "shutil.rmtree"}
assert not forbidden & set(audit), forbidden & set(audit)
print(json.dumps({**counts, "slowest": slowest}))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.parametrize("name", ["net.prm", "net.safetensors"])
def test_random_damage(name: str, honest: dict[str, bytes], tmp_path: Path) -> None:
    rng = np.random.RandomState(len(name))
    for trial in range(TRIALS):
        suffix = Path(name).suffix
        (tmp_path / f"{trial:04}{suffix}").write_bytes(damaged(honest[name], rng))
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads(done.stdout)
    assert facts["loaded"] + facts["refused"] == TRIALS
    assert facts["refused"] > TRIALS / 2
    assert facts["slowest"] < 10


def test_the_fuzzer_does_not_damage_everything(honest: dict[str, bytes]) -> None:
    assert pickle.loads(honest["net.prm"])["epoch_index"] == 1
