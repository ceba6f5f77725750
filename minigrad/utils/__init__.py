"""PyTorch's place for `minigrad.utils.data`."""

from . import data as data
