#!/usr/bin/env python
"""
Convolutional autoencoder on MNIST.
"""
from neon.callbacks.callbacks import Callbacks
from neon.data import ArrayIterator, MNIST
from neon.initializers import Uniform
from neon.layers import Conv, Pooling, GeneralizedCost, Deconv
from neon.models import Model
from neon.optimizers import GradientDescentMomentum
from neon.transforms import Rectlin, SumSquared
from neon.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
args = parser.parse_args()

dataset = MNIST(path=args.data_dir)
(X_train, y_train), (X_test, y_test), nclass = dataset.load_data()
train = ArrayIterator(X_train, lshape=(1, 28, 28))

init_uni = Uniform(low=-0.1, high=0.1)
opt_gdm = GradientDescentMomentum(learning_rate=0.001, momentum_coef=0.9)
layers = [Conv((4, 4, 8), init=init_uni, activation=Rectlin()),
          Pooling(2),
          Conv((4, 4, 32), init=init_uni, activation=Rectlin()),
          Pooling(2),
          Deconv(fshape=(4, 4, 8), init=init_uni, activation=Rectlin()),
          Deconv(fshape=(3, 3, 8), init=init_uni, activation=Rectlin(), strides=2),
          Deconv(fshape=(2, 2, 1), init=init_uni, strides=2, padding=1)]
cost = GeneralizedCost(costfunc=SumSquared())
model = Model(layers=layers)
callbacks = Callbacks(model, **args.callback_args)
model.fit(train, optimizer=opt_gdm, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

output = model.layers.layers[-1].outputs.get()
print('reconstructions: %s' % (output.T.reshape(args.batch_size, 28, 28).shape,))
