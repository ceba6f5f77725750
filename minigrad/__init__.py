"""minigrad: a small deep-learning framework on NumPy."""

from . import nn, optim
from .functions import *
from .random import Generator, get_rng_state, manual_seed, set_rng_state
from .tensor import Tensor, no_grad
