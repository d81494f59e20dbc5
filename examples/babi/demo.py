#!/usr/bin/env python
"""Ask a network that `train.py` has trained about your own stories.

    python demo.py -w DATA -t 15 --model_weights babi.p

Only words of the task are known to it; the script shows an example of its stories.
"""

from network import load_task, make_layers, make_parser

from neonlike.backends import gen_backend
from neonlike.data.text_preprocessing import pad_sentences
from neonlike.models import Model
from neonlike.util.argparser import extract_valid_args

BEST = 5

parser = make_parser(__doc__)
parser.add_argument("--model_weights", required=True, help="file that train.py has saved")
args = parser.parse_args(gen_be=False)
args.batch_size = 1
be = gen_backend(**extract_valid_args(args, gen_backend))

babi = load_task(args)
model = Model(layers=make_layers(babi.vocab_size, args.rlayer_type))
model.initialize(dataset=[(babi.story_maxlen, 1), (babi.query_maxlen, 1)])
model.load_params(args.model_weights)


def column(words, length):
    """Return the numbers of words as one column, filled up from the left."""
    numbers = babi.words_to_vector(words)
    return be.array(pad_sentences([numbers], length).T.copy())


story, question, answer = babi.test_parsed[0]
print(f"Example: {' '.join(story)}\n         {' '.join(question)} {answer}")
print(f"Vocabulary: {' '.join(babi.vocab)}\n")
while story := input("Story (empty to end): "):
    question = input("Question: ")
    inputs = [
        column(babi.tokenize(text), length)
        for text, length in ((story, babi.story_maxlen), (question, babi.query_maxlen))
    ]
    probabilities = model.fprop(inputs, inference=True).get()[:, 0]
    for index in probabilities.argsort()[::-1][:BEST]:
        print(f"{probabilities[index]:6.1%} {babi.index_to_word.get(int(index), '?')}")
