"""PyTorch's place for `minigrad.utils.data`."""

from ..names import tell_missing as _tell_missing
from . import data as data

_tell_missing(__name__)
