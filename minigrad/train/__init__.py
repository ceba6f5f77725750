"""Training: `fit` trains, `evaluate` and `predict` look at the result."""

from .evaluation import evaluate as evaluate
from .evaluation import predict as predict
from .history import Epoch as Epoch
from .history import History as History
from .loop import fit as fit
