#!/usr/bin/env python
"""Data from HDF5 files, which may be larger than memory.

    python mnist_hdf5.py -w DATA -e 5 -eval 1          writes mnist_train.h5 and mnist_test.h5 here

A file has the examples as rows of `input` and the classes in `output`. Attributes tell the shape of
a picture and the number of classes; the set `mean` is subtracted from every picture.
"""

import h5py
import numpy as np

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.data.hdf5iterator import HDF5IteratorOneHot
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyBinary, Logistic, Misclassification, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1


def write(name, pictures, classes, mean):
    """Write a data set in the layout of ``HDF5Iterator``."""
    with h5py.File(name, "w") as file:
        data = file.create_dataset("input", data=pictures)
        data.attrs["lshape"] = (1, 28, 28)
        file.create_dataset("mean", data=mean)
        labels = file.create_dataset("output", data=classes.reshape(-1, 1))
        labels.attrs["nclass"] = 10


(X_train, y_train), (X_test, y_test), nclass = MNIST(path=args.data_dir).load_data()
mean = X_train.mean(axis=0, keepdims=True).astype(np.float32).T
write("mnist_train.h5", X_train, y_train, mean)
write("mnist_test.h5", X_test, y_test, mean)  # the same mean: that of the training set

train_set = HDF5IteratorOneHot("mnist_train.h5")
valid_set = HDF5IteratorOneHot("mnist_test.h5")

init_norm = Gaussian(loc=0.0, scale=0.01)
layers = [
    Affine(nout=100, init=init_norm, activation=Rectlin()),
    Affine(nout=10, init=init_norm, activation=Logistic(shortcut=True)),
]
mlp = Model(layers=layers)
callbacks = Callbacks(mlp, eval_set=valid_set, **args.callback_args)
mlp.fit(
    train_set,
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyBinary()),
    callbacks=callbacks,
)
error = float(mlp.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
