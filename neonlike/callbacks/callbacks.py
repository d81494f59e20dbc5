"""All callbacks (neon's dotted path)."""

from neonlike.callbacks._base import Callback as Callback
from neonlike.callbacks._batch_norm_tune import BatchNormTuneCallback as BatchNormTuneCallback
from neonlike.callbacks._checkpoint import CheckpointCallback as CheckpointCallback
from neonlike.callbacks._container import Callbacks as Callbacks
from neonlike.callbacks._csv import CsvHistoryCallback as CsvHistoryCallback
from neonlike.callbacks._deconv import DeconvCallback as DeconvCallback
from neonlike.callbacks._early_stop import EarlyStopCallback as EarlyStopCallback
from neonlike.callbacks._gan_cost import GANCostCallback as GANCostCallback
from neonlike.callbacks._gate_activity import GateActivityCallback as GateActivityCallback
from neonlike.callbacks._grad_flow import GradFlowCallback as GradFlowCallback
from neonlike.callbacks._hist import HistCallback as HistCallback
from neonlike.callbacks._logging import RunTimerCallback as RunTimerCallback
from neonlike.callbacks._logging import TrainLoggerCallback as TrainLoggerCallback
from neonlike.callbacks._loss import LossCallback as LossCallback
from neonlike.callbacks._metric import MetricCallback as MetricCallback
from neonlike.callbacks._metric import MultiLabelStatsCallback as MultiLabelStatsCallback
from neonlike.callbacks._nan_guard import NanGuardCallback as NanGuardCallback
from neonlike.callbacks._progress import ProgressBarCallback as ProgressBarCallback
from neonlike.callbacks._progress import get_progress_string as get_progress_string
from neonlike.callbacks._recurrent_matrix import (
    RecurrentMatrixCallback as RecurrentMatrixCallback,
)
from neonlike.callbacks._serialize import SaveBestStateCallback as SaveBestStateCallback
from neonlike.callbacks._serialize import SerializeModelCallback as SerializeModelCallback
from neonlike.callbacks._tensorboard import TensorBoardCallback as TensorBoardCallback
from neonlike.callbacks._ticker import WatchTickerCallback as WatchTickerCallback
from neonlike.callbacks._train_cost import TrainCostCallback as TrainCostCallback
from neonlike.callbacks._train_cost import TrainMulticostCallback as TrainMulticostCallback

__all__ = [
    "BatchNormTuneCallback",
    "Callback",
    "Callbacks",
    "CheckpointCallback",
    "CsvHistoryCallback",
    "DeconvCallback",
    "EarlyStopCallback",
    "GANCostCallback",
    "GateActivityCallback",
    "GradFlowCallback",
    "HistCallback",
    "LossCallback",
    "MetricCallback",
    "MultiLabelStatsCallback",
    "NanGuardCallback",
    "ProgressBarCallback",
    "RecurrentMatrixCallback",
    "RunTimerCallback",
    "SaveBestStateCallback",
    "SerializeModelCallback",
    "TensorBoardCallback",
    "TrainCostCallback",
    "TrainLoggerCallback",
    "TrainMulticostCallback",
    "WatchTickerCallback",
    "get_progress_string",
]
