"""Making backends, threads, histograms, marks and hooks."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only

import neonlike.backends as backends
from neonlike import NervanaObject
from neonlike.backends import (
    _threads,
    cleanup_backend,
    gen_backend,
    get_num_threads,
    set_num_threads,
)
from neonlike.backends.abstract_backend import AbstractBackend, Backend_ABC_Meta
from neonlike.backends.backend import Backend, Block, OpCollection
from neonlike.backends.nervanacpu import NervanaCPU
from neonlike.backends.nervanamkl import NervanaMKL
from neonlike.backends.util import check_gpu, check_mkl
from neonlike.kernels.numba import _threads as kernel_threads


class TestGenBackend:
    def test_attributes(self, make_be: Any) -> None:
        be = make_be(batch_size=32, rng_seed=5)
        assert NervanaObject.be is be
        assert (be.bsz, be.rng_seed, be.default_dtype) == (32, 5, np.float32)
        assert (be.deterministic, be.compat_mode) == (True, None)
        assert (be.device_type, be.device_id, be.use_pinned_mem) == (0, 0, False)
        assert (be.hist_bins, be.hist_offset, be.hist_max) == (64, -48, 4096)
        assert be.is_mkl() is False
        be.bsz = 1
        be.enable_winograd = 4
        assert not make_be(rng_seed=None).deterministic

    def test_names(self) -> None:
        assert type(gen_backend()).__name__ == "NervanaCPU"
        assert isinstance(gen_backend("mkl"), NervanaMKL)
        assert issubclass(NervanaMKL, NervanaCPU)
        assert Backend.backend_choices() == ["cpu", "mkl", "reference"]
        assert Backend.backends["cpu"] is NervanaCPU
        assert Backend_ABC_Meta.backends is Backend.backends
        cleanup_backend()

    @pytest.mark.parametrize("name", [None, "CPU", "tpu", 3])
    def test_unknown_names(self, name: Any) -> None:
        with pytest.raises(
            ValueError, match=r"backend must be one of \('cpu', 'mkl', 'reference'\)"
        ):
            gen_backend(name)

    def test_gpu(self) -> None:
        with pytest.raises(ValueError, match="runs on CPUs.*use backend='cpu'"):
            gen_backend("gpu")
        with pytest.raises(ImportError):
            import neonlike.backends.nervanagpu  # noqa: F401
        with pytest.raises(RuntimeError):
            check_gpu.ensure_gpu_capability(0)
        assert check_gpu.get_device_count() == check_gpu.get_compute_capability() == 0
        assert check_mkl.get_mkl_lib() == 0

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"datatype": "float32"}, ValueError),
            ({"datatype": np.int32}, ValueError),
            ({"datatype": None}, ValueError),
            ({"compat_mode": "torch"}, ValueError),
            ({"rng_seed": -1}, ValueError),
            ({"rng_seed": 1.5}, TypeError),
            ({"batch_size": -1}, ValueError),
            ({"batch_size": 2.5}, TypeError),
            ({"batch_size": "128"}, TypeError),
            ({"numerics": "quick"}, ValueError),
            ({"colour": 1}, TypeError),
        ],
    )
    def test_arguments(self, arguments: Any, error: type[Exception]) -> None:
        gen_backend()
        with pytest.raises(error):
            gen_backend(**arguments)
        if "colour" not in arguments:
            assert NervanaObject.be is None
        cleanup_backend()

    def test_old_arguments_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            be = gen_backend(default_dtype=np.float64, deterministic=True)
        assert be.default_dtype is np.float64
        ours = [r.levelno for r in caplog.records if r.name == "neonlike.backends._generate"]
        assert ours == [logging.WARNING] * 2
        gen_backend(datatype=np.dtype("float16"), stochastic_round=True, device_id=3, max_devices=2)
        assert NervanaObject.be.default_dtype is np.float16
        cleanup_backend()

    def test_clean_up(self) -> None:
        old = gen_backend(rng_seed=1)
        x = old.ones((2, 2))
        gen_backend(rng_seed=2)
        assert (x + 1).asnumpyarray().sum() == 8
        cleanup_backend()
        cleanup_backend()
        assert NervanaObject.be is None

    def test_allocate_backend_leaves_the_current_one(self) -> None:
        be = gen_backend()
        other = Backend.allocate_backend("cpu", rng_seed=0, default_dtype=np.float64)
        assert NervanaObject.be is be
        assert other.bsz is None
        cleanup_backend()

    def test_subclassing_registers(self) -> None:
        class Mine(NervanaCPU):
            backend_name = "mine"

        try:
            assert isinstance(gen_backend("mine"), Mine)
        finally:
            del Backend.backends["mine"]
            cleanup_backend()

    def test_caffe(self, make_be: Any) -> None:
        be = make_be()
        assert not be.check_caffe_compat()
        be.set_caffe_compat()
        assert be.check_caffe_compat()
        assert make_be(compat_mode="caffe").check_caffe_compat()

    def test_abstract_backend_cannot_be_made(self) -> None:
        with pytest.raises(TypeError, match="abstract"):
            AbstractBackend()  # type: ignore[abstract]  # that is the point

    def test_import_does_no_work(self) -> None:
        code = (
            "import sys, neonlike.backends as b;"
            "print([m for m in ('numba', 'scipy', 'h5py', 'threadpoolctl') if m in sys.modules]);"
            "b.gen_backend('reference'); print('numba' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.split("\n")[:2] == ["[]", "False"]


class TestThreads:
    @pytest.fixture(autouse=True)
    def nothing_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_threads, "_chosen", None)
        monkeypatch.delenv("NEONLIKE_NUM_THREADS", raising=False)

    def test_switch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cores = _threads.available_threads()
        assert get_num_threads() == cores
        monkeypatch.setenv("NEONLIKE_NUM_THREADS", "1")
        assert get_num_threads() == 1
        monkeypatch.setenv("NEONLIKE_NUM_THREADS", "many")
        with pytest.raises(ValueError, match="NEONLIKE_NUM_THREADS must be a number"):
            get_num_threads()
        set_num_threads(cores)
        assert get_num_threads() == cores
        for number in (0, cores + 1):
            with pytest.raises(ValueError, match="the number of threads must be"):
                set_num_threads(number)

    @compiled_only  # else BLAS has the threads
    def test_pools(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from threadpoolctl import threadpool_info

        def blas() -> set[int]:
            return {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}

        monkeypatch.delenv(_threads.VARIABLE, raising=False)
        before = blas()
        gen_backend("cpu")
        assert blas() == {1}
        set_num_threads(1)
        assert kernel_threads.get_num_threads() == 1
        gen_backend("reference")
        assert blas() == {1}
        cleanup_backend()
        assert blas() == before
        _threads._chosen = None
        gen_backend("cpu")
        assert kernel_threads.get_num_threads() == _threads.available_threads()
        cleanup_backend()


class TestMisc:
    def test_marks(self, be: Any) -> None:
        start, end = be.init_mark(), be.init_mark()
        assert start == {"time": 0}
        be.record_mark(start)
        be.record_mark(end)
        be.synchronize_mark(end)
        assert be.get_time(start, end) >= 0
        be.begin(Block.minibatch, 1)
        be.end(Block.epoch, 1)
        assert (Block.epoch, Block.minibatch, Block.fprop, Block.bprop, Block.update) == (
            0,
            1,
            2,
            3,
            4,
        )

    def test_consume(self, be: Any) -> None:
        host, device = [np.arange(6, dtype=np.int32).reshape(2, 3), None], [None, None]
        be.consume(0, host, device)
        assert device[0].get().tolist() == [[0, 3], [1, 4], [2, 5]]
        assert device[0].dtype == np.int32
        with pytest.raises(AssertionError, match="Can only double buffer"):
            be.consume(2, host, device)

    def test_histograms(self, be: Any) -> None:
        x = be.array([[0.0, 1.0, 2.0, 1e30]])
        x.hist("first")
        assert be.hist_map == {"first": 0}
        data, rows = be.dump_hist_data()
        assert rows == {"first": 0}
        assert data.get()[0].sum() == 3  # 1e30 is beyond the last bin
        assert be.hist_map == {}
        buffer = be.hist_buf
        be.set_hist_buffers(64, -48)
        assert be.hist_buf is buffer
        be.hist_idx = be.hist_max
        with pytest.raises(AssertionError, match="4096"):
            x.hist("too many")

    def test_fully_connected_bias(self, be: Any) -> None:
        x = be.ones((2, 3))
        be.add_fc_bias(x, be.array([[1.0], [2.0]]))
        assert x.get().tolist() == [[2, 2, 2], [3, 3, 3]]
        out = be.empty((2, 1))
        be.update_fc_bias(x, out)
        assert out.get().tolist() == [[6], [9]]

    def test_relu_of_arrays(self, be: Any) -> None:
        out = np.empty(2)
        assert be.Relu(np.array([-1.0, 2.0]), out) is out
        assert out.tolist() == [0, 2]

    def test_copy_transpose_checks_the_shape(self, be: Any) -> None:
        with pytest.raises(ValueError, match=r"gives shape \(3, 2\)"):
            be.copy_transpose(be.ones((2, 3)), be.ones((2, 3)))

    def test_skipnode_overwrites(self, be: Any) -> None:
        x, stale = be.ones((2, 2)), be.array(np.full((2, 2), np.nan))
        be.fprop_skipnode(x, stale, 0.0)
        assert stale.get().tolist() == [[1, 1], [1, 1]]
        stale[:] = np.nan
        be.bprop_skipnode(x, stale, 2.0, 0.0)
        assert stale.get().tolist() == [[2, 2], [2, 2]]

    def test_op_collection(self) -> None:
        assert OpCollection.ew_ops == OpCollection.float_ops - {"dot", "transpose"}
        assert "onehot" in OpCollection.zero_operand_ops

    def test_public_names(self) -> None:
        assert all(hasattr(backends, name) for name in backends.__all__)


class Recorder:
    """A layer that notes how it is called."""

    def __init__(self, log: list[Any], name: str) -> None:
        self.log, self.name = log, name

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> None:
        self.log.append((self.name, inputs, inference, beta))

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        self.log.append((self.name, error, alpha, beta))

    def allocate(self, shared_outputs: Any) -> None:
        self.log.append((self.name, shared_outputs))


class TestHooks:
    def test_merging(self, be: Any) -> None:
        log: list[Any] = []
        layers = [Recorder(log, "a"), Recorder(log, "b")]
        be.fprop_mergesum(None, "x", True, layers, None, None)
        assert log == [("a", "x", True, 0.0), ("b", "x", True, 1.0)]
        log.clear()
        be.bprop_mergesum(None, 2.0, 0.5, layers, "e", None)
        assert log == [("b", "e", 2.0, 0.5), ("a", "e", 2.0, 1.0)]
        log.clear()
        be.fprop_mergebroadcast(None, "x", False, None, layers, None)
        assert log == [("a", "x", False, 0.0), ("b", "x", False, 0.0)]
        log.clear()
        betas = [1.0, 1.0]
        be.bprop_mergebroadcast(
            None, layers, ["e0", "e1"], "e", None, None, 2.0, 0.25, [1.0, 3.0], betas
        )
        assert log == [("b", "e1", 6.0, 0.25), ("a", "e0", 2.0, 1.0)]
        assert betas == [1.0, 0.25]
        log.clear()
        be.allocate_new_outputs(layers[0], "shared")
        assert log == [("a", "shared")]

    def test_without_effect(self, be: Any) -> None:
        assert be.relu_layer() is None
        assert be.mergesum_layer(2) is be.mergebroadcast_layer(2) is None
        assert be.batchnorm_layer((1, 2)) is None
        assert be.bibnrnn_layer(None, None, None, None, 1, 2) is None
        assert be.distribute_data(None, None) is be.revert_tensor(None) is None
        assert be.convert_data(None, None) is be.clean_data(None, None) is None
        assert be.allocate_new_deltas("d", None, None) == "d"

    def test_transform(self, be: Any) -> None:
        class Double:
            def __call__(self, x: Any) -> Any:
                return x * 2

            def bprop(self, x: Any) -> float:
                return 2.0

        x, out = be.ones((2, 2)), be.empty((2, 2))
        be.fprop_transform(None, Double(), x, out)
        assert out.get().sum() == 8
        be.bprop_transform(None, Double(), out, x, out, False)
        assert out.get().sum() == 8
