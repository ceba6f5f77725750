"""Training: `fit` trains, `evaluate` and `predict` look at the result."""

from .evaluate import evaluate as evaluate
from .evaluate import predict as predict
from .fit import fit as fit
from .history import Epoch as Epoch
from .history import History as History
