"""Synthetic sequence tasks."""

from neonlike.data._ticker import CopyTask as CopyTask
from neonlike.data._ticker import PrioritySortTask as PrioritySortTask
from neonlike.data._ticker import RepeatCopyTask as RepeatCopyTask
from neonlike.data._ticker import Task as Task
from neonlike.data._ticker import Ticker as Ticker

__all__ = ["CopyTask", "PrioritySortTask", "RepeatCopyTask", "Task", "Ticker"]
