#!/usr/bin/env python
"""Say what is in a picture: an LSTM reads the picture first, then its own words.

    python image_caption_data.py -w DATA               draws scenes and describes them
    python image_caption.py -w DATA -e 30 --hidden 256
    python image_caption.py -w FLICKR -e 15            flickr8k.zip in FLICKR
    python image_caption.py --quick

The picture comes as 4096 features of another network. An affine layer turns them into something
like a word, and puts it in front of the sentence: step 0 of the sequence is the picture, step t the
word t - 1, and the network tells the word t (Vinyals et al., "Show and Tell", arXiv 1411.4555).
After the training it gets nothing but the picture, and its own word after every step. captions.png
shows what it says, if the pictures are in the folder "images" beside the features.
"""

import tempfile
from pathlib import Path
from textwrap import fill

import image_caption_data
import numpy as np

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import Flickr8k
from neonlike.data.imagecaption import ImageCaption, ImageCaptionTest
from neonlike.initializers import Array, Constant, Uniform
from neonlike.layers import (
    LSTM,
    Affine,
    Dropout,
    GeneralizedCostMask,
    MergeMultistream,
    Sequential,
)
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--hidden", type=int, default=512, help="units of the LSTM")
parser.add_argument("--quick", action="store_true", help="few scenes, few units")
parser.set_defaults(save_path="~/image_caption2.pkl", serialize=1)
args = parser.parse_args()
if args.quick:
    args.data_dir = tempfile.mkdtemp()
    args.epochs, args.hidden, args.callback_args["save_path"] = 2, 32, None
    image_caption_data.write(args.data_dir, train=256, test=128)

if Path(args.data_dir, "features.pkl.gz").exists():
    train_set, test_set = ImageCaption(args.data_dir), ImageCaptionTest(args.data_dir)
else:
    flickr = Flickr8k(path=args.data_dir)
    train_set, test_set = flickr.train_iter, flickr.test_iter

init = Uniform(low=-0.08, high=0.08)
image_path = Sequential([Affine(args.hidden, init, bias=Constant(val=0.0))])
sentence_path = Sequential([Affine(args.hidden, init)])
layers = [
    MergeMultistream(layers=[image_path, sentence_path], merge="recurrent"),
    Dropout(keep=0.5),
    LSTM(
        args.hidden, init, activation=Logistic(), gate_activation=Tanh(), reset_cells=True
    ),  # as in neon: the two functions the other way round than usual
    # the words' frequencies are known before the training starts
    Affine(train_set.vocab_size, init, bias=Array(train_set.bias_init), activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCostMask(costfunc=CrossEntropyMulti(usebits=True))
optimizer = RMSProp(decay_rate=0.997, learning_rate=0.0005, epsilon=1e-8, gradient_clip_value=1)
callbacks = Callbacks(model, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

sentences, references = test_set.predict(model)
score = test_set.bleu_score(sentences, references)
neon_logger.display(f"BLEU-4 = {score:.1f}")
sentences = [sentence.strip(". ") for sentence in sentences]
said = np.mean([one in five for one, five in zip(sentences, references, strict=True)])
neon_logger.display(f"word for word one of the five: {said:.1%}")


def draw(folder, file, count=12):
    """Write a sheet of pictures from ``folder`` with their sentences."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, count // 3, figsize=(11, 9), layout="constrained")
    entries = test_set.sent_data["test"]
    for axis, entry, sentence in zip(axes.ravel(), entries, sentences, strict=False):
        axis.imshow(plt.imread(Path(folder, entry["filename"])))
        axis.set_title(fill(sentence, 28), fontsize=10)
        axis.axis("off")
    figure.savefig(file)
    neon_logger.display(f"{file} written")


images = Path(test_set.path, "images")
if images.is_dir():
    draw(images, "captions.png")
