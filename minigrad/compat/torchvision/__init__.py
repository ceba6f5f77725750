"""torchvision, as far as minigrad has it: data sets, transforms, pictures, a few ops."""

from ... import datasets as datasets
from ... import models as models
from ... import transforms as transforms
from ... import utils as utils
from ...names import tell_missing
from . import ops as ops

tell_missing(__name__)
