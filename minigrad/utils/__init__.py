"""PyTorch's place for `minigrad.utils.data`, and torchvision's for grids of images."""

from ..names import tell_missing as _tell_missing
from . import data as data
from .images import make_grid as make_grid
from .images import save_image as save_image

_tell_missing(__name__)
