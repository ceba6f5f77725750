"""Data sets of small images: the digits are here at once, the others are read or downloaded."""

from . import cifar as cifar
from . import mnist as mnist
from .cifar import CIFAR10 as CIFAR10
from .cifar import CIFAR100 as CIFAR100
from .digits import Digits as Digits
from .download import data_root as data_root
from .images import ImageDataset as ImageDataset
from .mnist import MNIST as MNIST
from .mnist import FashionMNIST as FashionMNIST
from .shapes import SyntheticShapes as SyntheticShapes
