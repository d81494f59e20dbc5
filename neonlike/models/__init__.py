"""Networks with their training loop."""

from neonlike.models._find_lr import LearningRates as LearningRates
from neonlike.models._find_lr import find_learning_rate as find_learning_rate
from neonlike.models._model import Model as Model
from neonlike.models._online import train_online as train_online

__all__ = ["LearningRates", "Model", "find_learning_rate", "train_online"]
