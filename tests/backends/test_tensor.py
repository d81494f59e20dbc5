"""Tensors: views, assignment, attributes, allocation, and NumPy's protocols."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from neonlike.backends.backend import Tensor
from neonlike.backends.nervanacpu import CPUTensor, CustomNumpy
from neonlike.backends.nervanamkl import MKLTensor

DTYPES = ["float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32"]


class TestAttributes:
    def test_owner_and_views(self, be: Any) -> None:
        x = be.array([[1, 2, 3], [4, 5, 6]], name="x")
        assert (x.shape, x.size, len(x), x.dtype, x.name) == ((2, 3), 6, 2, np.float32, "x")
        assert x.base is None
        assert x.backend is be
        assert x[:] is x
        view = x[1]
        assert view.base is x
        assert view[0:1, 1].base is view
        assert view[0:1, 1]._original_base is x
        assert (view.name, view.persist_values) == (None, True)
        assert x.reshape(2, 3) is x
        assert x.T._tensor.base is not None
        assert not x.T.is_contiguous

    def test_is_an_operand_not_a_value(self, be: Any) -> None:
        x = be.ones((2, 2))
        x.auto_reduce = False
        assert {x: 1}[x] == 1
        assert x
        assert not be.empty((0, 3))
        assert x is not None
        assert "CPUTensor(base None) name:None shape:(2, 2) dtype:float32" in repr(be.ones((2, 2)))
        assert f"base {id(x):#x}" in str(x[0])

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_dtypes(self, be: Any, dtype: str) -> None:
        x = be.ones((2, 3), dtype=np.dtype(dtype))
        assert x.dtype == np.dtype(dtype)
        assert be.array([[2.5]], dtype=getattr(np, dtype)).dtype == np.dtype(dtype)

    @pytest.mark.parametrize("dtype", [np.int64, np.bool_, "float32", np.complex64])
    def test_other_dtypes_are_refused(self, be: Any, dtype: Any) -> None:
        with pytest.raises(AssertionError, match="dtype"):
            be.empty((2, 2), dtype=dtype)

    def test_constructor(self, be: Any) -> None:
        values = np.arange(3, dtype=np.float32)
        x = CPUTensor(be, ary=values)
        assert x.shape == (3, 1)
        assert np.shares_memory(x._tensor, values)
        assert CPUTensor(be, ary=[1, 2], dtype=np.int32).get().dtype == np.int32
        assert CPUTensor(be, shape=(2, 3)).shape == (2, 3)

    def test_one_element_is_a_number(self, be: Any) -> None:
        values = be.array([[2.5]]).get()
        assert float(values) == float(be.ones((4, 5)).get()[:1, :1].sum() * 2.5) == 2.5
        assert f"{values:.2f} {int(values)}" == "2.50 2"
        assert "%.2f" % values == "2.50"  # noqa: UP031  # what old scripts say
        assert values.shape == (1, 1)
        assert isinstance(values, np.ndarray)
        assert type(be.ones((1, 2)).get()) is np.ndarray

    def test_memory_is_aligned(self, be: Any) -> None:
        assert all(be.empty((n, 3)).raw() % 64 == 0 for n in range(1, 8))
        x = be.ones((4, 4))
        assert x[1].raw() == x.raw() + 16

    def test_mkl_names(self, make_be: Any) -> None:
        from neonlike.backends import gen_backend

        assert isinstance(gen_backend("mkl").ones((1, 1)), MKLTensor)


class TestViews:
    @pytest.mark.parametrize(
        ("shape", "key", "expected"),
        [
            ((2, 1, 1, 3), np.s_[:, :], (2, 1, 3)),
            ((1, 1, 1, 4), np.s_[:, :], (1, 4)),
            ((1, 6, 1), np.s_[:, :, :], (6, 1)),
            ((2, 3, 4), np.s_[..., 1], (2, 3)),
            ((2, 3, 4), np.s_[1, ..., 1:2], (3, 1)),
            ((3, 4), np.s_[np.int64(1)], (1, 4)),
            ((3, 4), np.s_[::2, ::-1], (2, 4)),
            ((3, 4), np.s_[3:], (0, 4)),
        ],
    )
    def test_shapes(self, be: Any, shape: Any, key: Any, expected: Any) -> None:
        assert be.ones(shape)[key].shape == expected

    @pytest.mark.parametrize(
        ("key", "error"),
        [
            (3, IndexError),
            (-4, IndexError),
            (np.s_[0, 4], IndexError),
            (np.s_[0, 0, 0], IndexError),
            (np.s_[..., ...], IndexError),
            ([0, 1], TypeError),
            (np.array([0, 1]), TypeError),
            (1.0, TypeError),
            (None, TypeError),
        ],
    )
    def test_errors(self, be: Any, key: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            be.ones((3, 4))[key]

    def test_reshape(self, be: Any) -> None:
        x = be.array(np.arange(12).reshape(3, 4))
        assert x.reshape([4, -1]).shape == (4, 3)
        assert x.reshape(12).shape == (12, 1)
        x.reshape(4, 3)[0, 1] = 50
        assert x.get()[0, 1] == 50
        copied = x.T.reshape(3, 4)
        copied[:] = 0
        assert x.get().any()
        for wrong in ((5, 3), (-1, -1), (5, -1)):
            with pytest.raises(ValueError, match=r"cannot reshape .* \(3, 4\) and size 12"):
                x.reshape(wrong)

    def test_share(self, be: Any) -> None:
        x = be.zeros((3, 4))
        part = x.share((2, 5), dtype=np.float16, name="unused")
        part[:] = 1
        assert x.get().sum() == 10
        assert x.share(4).shape == (4, 1)
        with pytest.raises(ValueError, match="total size of new array must <= size of parent"):
            x.share((4, 4))

    def test_transpose(self, be: Any) -> None:
        x, out = be.array(np.arange(6).reshape(2, 3)), be.empty((3, 2))
        assert x.transpose(out=out) is out
        np.testing.assert_array_equal(out.get(), x.get().T)
        assert x.transpose().shape == (3, 2)
        assert be.ones((2, 3, 4, 5)).T.shape == (2, 4, 3, 5)
        x.T[0] = 9
        assert x.get()[:, 0].tolist() == [9, 9]

    def test_take(self, be: Any) -> None:
        x, out = be.array(np.arange(6).reshape(2, 3)), be.empty((2, 2))
        assert be.take(x, [2, 0], 1, out=out) is out
        assert out.get().tolist() == [[2, 0], [5, 3]]
        with pytest.raises(TypeError, match="integers"):
            x.take(be.ones((1, 2)), axis=1)
        with pytest.raises(TypeError, match="axis"):
            x.take([0])
        with pytest.raises(IndexError):
            x.take([5], axis=1)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_tensors_are_not_pickled(be: Any, duplicate: Any) -> None:
    x = be.ones((2, 2))
    with pytest.raises(TypeError, match=r"take tensor\.get\(\), or Model\(model\.get_description"):
        duplicate([x])
    assert copy.copy(x).get().tolist() == x.get().tolist()


class TestAssignment:
    def test_values(self, be: Any) -> None:
        x = be.empty((2, 3))
        for value in (
            2,
            2.0,
            True,
            np.float64(2),
            np.float32(2),
            np.int64(2),
            np.array([[2] * 3] * 2),
        ):
            x[:] = value
            assert x.get().tolist() == [[float(value) if np.ndim(value) == 0 else 2.0] * 3] * 2
        assert x.set(4) is x
        assert x.copy(be.ones((1, 3))) is x
        assert x.copy_from(be.ones((1, 1)) * 3) is x
        assert x.get().tolist() == [[3] * 3] * 2
        assert x.fill(5).get().tolist() == [[5] * 3] * 2

    @pytest.mark.parametrize("value", ["text", None, [1, 2], 1j, {}])
    def test_types_that_are_refused(self, be: Any, value: Any) -> None:
        with pytest.raises(TypeError, match="Invalid type for assignment"):
            be.empty((2, 3))[:] = value

    def test_arrays_do_not_broadcast(self, be: Any) -> None:
        x = be.empty((3, 4))
        with pytest.raises(AssertionError, match="sizes differ"):
            x[:] = np.ones((1, 4))
        for shape in ((4, 3), (12, 1)):
            with pytest.raises(ValueError, match="broadcast"):
                x[:] = np.ones(shape)
        with pytest.raises(ValueError, match="broadcast"):
            x[:] = be.ones((3, 2))

    @pytest.mark.parametrize("value", [300, 300.7, -1, 3e9, np.float32(300.7)])
    def test_wrap_around(self, be: Any, value: Any) -> None:
        x = be.empty((1, 2), dtype=np.uint8)
        x[:] = value
        assert x.get()[0, 0] == int(value) % 256
        x[:] = np.array([value, value])
        assert x.get()[0, 0] == int(value) % 256

    def test_overflow_is_silent(self, be: Any) -> None:
        x = be.empty((1, 1))
        x[:] = 1e300
        assert np.isinf(x.get().item())
        x[:] = np.array([1e300])
        assert np.isinf(x.get().item())

    def test_overlapping_copy(self, be: Any) -> None:
        x = be.array(np.arange(6).reshape(6, 1))
        x[1:] = x[:-1]
        assert x.get().reshape(-1).tolist() == [0, 0, 1, 2, 3, 4]


class TestAllocation:
    def test_shapes(self, be: Any) -> None:
        assert be.zeros(5).shape == (5, 1)
        assert be.zeros(()).shape == (1, 1)
        assert be.ones([2, 3]).shape == (2, 3)
        assert be.empty((np.int64(2), 3)).shape == (2, 3)
        for shape in ((-1, 2), (2.5, 1), "ab", None, (2, None)):
            with pytest.raises(ValueError, match="Invalid shape or dtype"):
                be.empty(shape)

    def test_defaults(self, make_be: Any) -> None:
        be = make_be(datatype=np.float64)
        assert be.array(np.ones((2, 2), np.int32)).dtype == np.float64
        like = be.ones((2, 3), dtype=np.int8)
        assert be.empty_like(like).dtype == np.float64
        assert be.zeros_like(like * 2, dtype=np.float32, name="n").dtype == np.float32
        assert be.zeros_like(np.ones((4, 5))).shape == (4, 5)
        assert not be.empty((3, 3)).get().any()
        assert be.ones((2, 2)).persist_values
        assert not be.ones((2, 2), persist_values=False).persist_values

    def test_array_copies(self, be: Any) -> None:
        values = np.ones((2, 2), np.float32)
        x = be.array(values)
        values[:] = 7
        assert x.get().sum() == 4
        y = be.array(x)
        x[:] = 0
        assert y.get().sum() == 4
        assert be.array(y * 2).get().sum() == 8

    def test_iobuf(self, be: Any) -> None:
        x = be.ones((2, 4))
        assert be.iobuf(5, x=x) is x
        assert be.iobuf(2, shared=x) is x
        assert not x.get().any()
        big = be.ones((10, 4))
        part = be.iobuf((2, 2), shared=big)
        assert part.shape == (2, 8)
        assert part.base is big
        assert be.iobuf((2, 3, 4)).shape == (24, 4)
        assert be.shared_iobuf_size((2, 3), None) == 6
        with pytest.raises(TypeError, match="iobuf takes"):
            be.iobuf([2, 3])


class TestNumpyInterface:
    def test_array_protocol(self, be: Any) -> None:
        x = be.array([[1.5, 2.5]])
        assert np.shares_memory(np.asarray(x), x._tensor)
        assert not np.shares_memory(np.array(x), x._tensor)
        assert np.asarray(x, dtype=np.int32).tolist() == [[1, 2]]
        assert np.asarray(x * 2).tolist() == [[3, 5]]
        with pytest.raises(ValueError, match="copy"):
            np.asarray(x, dtype=np.float64, copy=False)
        assert x.asnumpyarray() is x._tensor
        assert not np.shares_memory(x.get(), x._tensor)
        assert x.T.get().flags.c_contiguous

    def test_dlpack(self, be: Any) -> None:
        x = be.ones((2, 3))
        assert np.shares_memory(np.from_dlpack(x), x._tensor)

    def test_numpy_scalars_are_numbers_on_either_side(self, be: Any) -> None:
        x = be.array([[2.0]])
        for two in (np.float32(2), np.float64(2), np.int64(2), np.array(2.0), np.float16(2)):
            for tree in (x * two, two * x, x**two, two**x, two + x):
                assert tree.asnumpyarray().item() == 4
            assert (two == x).asnumpyarray().item() == 1
            assert (two < x).asnumpyarray().item() == 0
        assert (x * np.bool_(True)).asnumpyarray().item() == 2

    def test_ufuncs_are_refused(self, be: Any) -> None:
        with pytest.raises(TypeError):
            np.exp(be.ones((2, 2)))
        with pytest.raises(TypeError):
            np.add(be.ones((2, 2)), 1)

    def test_iteration_and_numbers(self, be: Any) -> None:
        x = be.array([[1, 2], [3, 4]])
        assert [row.get().tolist() for row in x] == [[[1, 2]], [[3, 4]]]
        assert float(x[1, 1]) == 4.0
        assert int(x[1, 0]) == 3
        with pytest.raises(TypeError, match="one element"):
            float(x)

    def test_custom_numpy(self) -> None:
        x = np.array([[1, 3, 2]])
        assert CustomNumpy.argmax(x).tolist() == [[1]]
        assert CustomNumpy.argmin(x, axis=0).tolist() == [[0, 0, 0]]


def test_a_tensor_cannot_be_made_without_storage() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Tensor(None)  # type: ignore[abstract]  # that is the point


def test_copies_share_the_backend(be: Any) -> None:
    x = be.ones((2, 2))
    twin = copy.copy(x)
    assert twin.backend is be
