"""Question answering."""

from neonlike.data._babi import BABI as BABI
from neonlike.data._question_answer import QA as QA

__all__ = ["BABI", "QA"]
