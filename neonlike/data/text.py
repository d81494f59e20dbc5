"""Text data sets and iteration over text."""

from neonlike.data._text import Text as Text
from neonlike.data._text_datasets import IMDB as IMDB
from neonlike.data._text_datasets import PTB as PTB
from neonlike.data._text_datasets import SICK as SICK
from neonlike.data._text_datasets import HutterPrize as HutterPrize
from neonlike.data._text_datasets import Shakespeare as Shakespeare
from neonlike.data._text_nmt import TextNMT as TextNMT

__all__ = ["IMDB", "PTB", "SICK", "HutterPrize", "Shakespeare", "Text", "TextNMT"]
