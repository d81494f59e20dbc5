#!/usr/bin/env python
"""
Train a small multi-layer perceptron on CIFAR-10.
"""
from neon import logger as neon_logger
from neon.backends import gen_backend
from neon.callbacks.callbacks import Callbacks
from neon.data.image import CIFAR10
from neon.initializers.initializer import Uniform
from neon.layers.layer import GeneralizedCost, Affine
from neon.models.model import Model
from neon.optimizers.optimizer import GradientDescentMomentum
from neon.transforms.activation import Rectlin, Logistic
from neon.transforms.cost import CrossEntropyBinary, Misclassification
from neon.util.argparser import NeonArgparser, extract_valid_args

parser = NeonArgparser(__doc__)
args = parser.parse_args(gen_be=False)
be = gen_backend(**extract_valid_args(args, gen_backend))

dataset = CIFAR10(path=args.data_dir, normalize=True)
train = dataset.train_iter
test = dataset.valid_iter

init_uni = Uniform(low=-0.1, high=0.1)
layers = [Affine(nout=200, init=init_uni, activation=Rectlin()),
          Affine(nout=10, init=init_uni, activation=Logistic(shortcut=True))]
mlp = Model(layers=layers)
callbacks = Callbacks(mlp, eval_set=test, **args.callback_args)
mlp.fit(train, optimizer=GradientDescentMomentum(learning_rate=0.01, momentum_coef=0.9),
        num_epochs=args.epochs, cost=GeneralizedCost(costfunc=CrossEntropyBinary()),
        callbacks=callbacks)

neon_logger.display('Misclassification error = %.1f%%' %
                    (mlp.eval(test, metric=Misclassification())[0] * 100))
