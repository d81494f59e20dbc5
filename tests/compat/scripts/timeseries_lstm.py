#!/usr/bin/env python
"""
Learn to continue a Lissajous curve, with a data iterator of the script's own.
"""
import numpy as np

from neon import logger as neon_logger
from neon import NervanaObject
from neon.callbacks.callbacks import Callbacks
from neon.initializers import GlorotUniform
from neon.layers import LSTM, Affine, GeneralizedCost
from neon.models import Model
from neon.optimizers import RMSProp
from neon.transforms import Identity, Logistic, MeanSquared, Tanh
from neon.util.argparser import NeonArgparser


class DataIteratorSequence(NervanaObject):
    """Streams of consecutive windows; the target is the series shifted by one point."""

    def __init__(self, X, time_steps):
        self.seq_length = time_steps
        self.shape = (X.shape[1], time_steps)
        self.nfeatures = X.shape[1]
        self.nbatches = X.shape[0] // (self.be.bsz * time_steps)
        X = X[:self.nbatches * self.be.bsz * time_steps]
        self.ndata = self.nbatches * self.be.bsz * time_steps
        self.nsamples = self.ndata
        y = np.concatenate((X[1:], X[:1]))
        streams = (self.be.bsz, self.nbatches, time_steps, self.nfeatures)
        self.X, self.y = X.reshape(streams), y.reshape(streams)
        self.X_dev = self.be.iobuf((self.nfeatures, time_steps))
        self.y_dev = self.be.iobuf((self.nfeatures, time_steps))

    def reset(self):
        pass

    def __iter__(self):
        for batch in range(self.nbatches):
            for host, dev in ((self.X, self.X_dev), (self.y, self.y_dev)):
                window = host[:, batch].transpose(2, 1, 0).reshape(self.nfeatures, -1)
                dev.set(np.ascontiguousarray(window.astype(np.float32)))
            yield self.X_dev, self.y_dev


parser = NeonArgparser(__doc__)
parser.add_argument('--seq_len', type=int, default=32, help='length of a window')
args = parser.parse_args()

x = np.linspace(0, 2000 * 2 * np.pi, 26000)
series = np.stack((0.8 * np.sin(x / 2), 0.8 * np.cos(x / 2)), axis=1)
cut = int(0.8 * len(series))
train_set = DataIteratorSequence(series[:cut], args.seq_len)
valid_set = DataIteratorSequence(series[cut:], args.seq_len)

init = GlorotUniform()
layers = [LSTM(32, init, activation=Logistic(), gate_activation=Tanh(), reset_cells=False),
          Affine(train_set.nfeatures, init, bias=init, activation=Identity())]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=RMSProp(stochastic_round=args.rounding),
          num_epochs=args.epochs, cost=GeneralizedCost(MeanSquared()), callbacks=callbacks)
neon_logger.display('parameters: %d' % sum(l.W.size for l in model.layers_to_optimize))
