#!/usr/bin/env python
"""Answer questions about a short story: two recurrent networks, one reads it, one the question.

    python train.py -w DATA -t 15 -e 10 -eval 1        tasks_1-20_v1-2.tar.gz in DATA
    python train.py -w DATA -t 1 --rlayer_type lstm

The twenty tasks of bAbI (Weston et al., arXiv 1502.05698) test one skill each, such as to put two
facts together. The answer is a word. `demo.py` asks the trained network about your own stories.
"""

from network import load_task, make_layers, make_parser

from neonlike import logger as neon_logger
from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import QA
from neonlike.layers import GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import Accuracy, CrossEntropyMulti
from neonlike.util.argparser import extract_valid_args

parser = make_parser(__doc__, save_path="babi.p", serialize=1)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args(gen_be=False)
args.batch_size = 32  # whatever the command line says, as in neon
if args.quick:
    args.epochs = 1
gen_backend(**extract_valid_args(args, gen_backend))

babi = load_task(args)
train_set, valid_set = QA(*babi.train), QA(*babi.test)

model = Model(layers=make_layers(babi.vocab_size, args.rlayer_type))
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=Adam(),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti()),
    callbacks=callbacks,
)
for name, data in (("Train", train_set), ("Test", valid_set)):
    accuracy = float(model.eval(data, metric=Accuracy())[0]) * 100
    neon_logger.display(f"{name} Accuracy = {accuracy:.1f}%")
