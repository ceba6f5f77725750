"""Data sets: digits and what is made of them are here at once, others are read or downloaded."""

from ..names import tell_missing as _tell_missing
from . import cifar as cifar
from . import mnist as mnist
from .canvas import DigitCanvas as DigitCanvas
from .cifar import CIFAR10 as CIFAR10
from .cifar import CIFAR100 as CIFAR100
from .digits import Digits as Digits
from .download import data_root as data_root
from .fake import FakeData as FakeData
from .folder import ImageFolder as ImageFolder
from .images import ImageDataset as ImageDataset
from .mnist import MNIST as MNIST
from .mnist import FashionMNIST as FashionMNIST
from .scenes import MovingDigits as MovingDigits
from .scenes import WarpedDigits as WarpedDigits
from .series import SensorSeries as SensorSeries
from .shapes import SyntheticShapes as SyntheticShapes

_tell_missing(__name__)
