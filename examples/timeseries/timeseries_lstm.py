#!/usr/bin/env python
"""Continue a curve: an LSTM predicts the next point, and then lives on its own predictions.

    python timeseries_lstm.py -e 10 -eval 1            no data needed; draws six pictures
    python timeseries_lstm.py --predict_seq            a prediction after every point
    python timeseries_lstm.py --curvetype Lissajous2

By default the network sees `--seq_len` points and predicts the one that follows them. With
`--predict_seq` it predicts after each point, and keeps its state from one piece to the next.
"""

import numpy as np
from curves import CURVES, ConsecutivePieces, RollingWindows, draw, make_curve

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.initializers import GlorotUniform
from neonlike.layers import LSTM, Affine, GeneralizedCost, RecurrentLast
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import Identity, Logistic, MeanSquared, Tanh
from neonlike.util.argparser import NeonArgparser

CYCLES, POINTS = 2000, 13  # points of each cycle
SEED_POINTS, GENERATED = 30, 200

parser = NeonArgparser(__doc__, default_overrides={"save_path": "timeseries.pkl", "serialize": 1})
parser.add_argument("--curvetype", default="Lissajous1", choices=CURVES, help="curve to learn")
parser.add_argument("--predict_seq", action="store_true", help="predict after every point")
parser.add_argument("--seq_len", type=int, default=32, help="points that the network sees")
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

curve = make_curve(args.curvetype, CYCLES, POINTS)
split = int(0.8 * len(curve))
iterator = ConsecutivePieces if args.predict_seq else RollingWindows
train_set, valid_set = (iterator(part, args.seq_len) for part in (curve[:split], curve[split:]))

init = GlorotUniform()


def make_layers(reset_cells):
    """Return the layers; Logistic and Tanh have changed places, as they did in neon's example."""
    gates = {"activation": Logistic(), "gate_activation": Tanh()}
    return [
        LSTM(32, init, reset_cells=reset_cells, **gates),
        *([] if args.predict_seq else [RecurrentLast()]),
        Affine(train_set.nfeatures, init, bias=init, activation=Identity()),
    ]


# windows overlap and come in any columns, so that each starts afresh; pieces go on
model = Model(layers=make_layers(reset_cells=not args.predict_seq))
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=RMSProp(stochastic_round=args.rounding),
    num_epochs=args.epochs,
    cost=GeneralizedCost(MeanSquared()),
    callbacks=callbacks,
)


def predictions(data):
    """Return the predicted points of a data set in the order of time."""
    return data.in_time(model.get_outputs(data))


train_output, valid_output = predictions(train_set), predictions(valid_set)
terr, verr = (
    0.5 * np.mean((output - data.y_series) ** 2)
    for output, data in ((train_output, train_set), (valid_output, valid_set))
)
neon_logger.display(f"terr = {terr:g}, verr = {verr:g}")

# the same network for one point at a time, its state kept
be = model.be
be.bsz = 1
generator = Model(layers=make_layers(reset_cells=False))
generator.load_params(args.save_path)
generator.initialize(dataset=(train_set.nfeatures, 1))
# the LSTM goes on from its last state when it is given the same tensor again, and only then
current = be.zeros((train_set.nfeatures, 1))


def follow(point):
    """Feed one point; return the next one."""
    current[:] = point[:, None]
    return generator.fprop(current, inference=True).get()[:, -1]


seed = curve[split : split + SEED_POINTS]
for point in seed:
    predicted = follow(point)
generated = [*seed, predicted]
while len(generated) < SEED_POINTS + GENERATED:
    generated.append(follow(generated[-1]))

draw("training", train_set.y_series, train_output)
draw("validation", valid_set.y_series, valid_output)
draw("generated", curve[split : split + SEED_POINTS + GENERATED], np.array(generated))
