"""MNIST and Fashion-MNIST, in the idx format."""

import gzip
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..tensor import Tensor
from .download import data_root, fetch, is_intact, md5sum, refuse_damaged, refuse_missing
from .images import ImageDataset


class MNIST(ImageDataset):
    """Handwritten digits 0 to 9: 60,000 training and 10,000 test images of 28x28 pixels.

    `data` and `targets` are Tensors: `data.float() / 255`, `data[targets == 3]`.
    Y. LeCun, C. Cortes, C. Burges. Read from `root/MNIST/raw/`, the place and the files (gzipped
    or unpacked) that torchvision uses; `root` defaults to $MINIGRAD_DATA, else a cache folder of
    the user. `download=True` gets what is missing or damaged. RuntimeError, naming the file, if
    one is missing, cut short or changed.
    """

    folder = "MNIST"
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip
    mean = (0.1307,)
    std = (0.3081,)
    mirrors: ClassVar[list[str]] = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
    checksums: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(train, transform, target_transform)
        self.root = data_root(root)
        part = "train" if train else "t10k"
        names = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
        images, labels = paths = [self._find(name) for name in names]
        if download:
            self._download(paths)
        absent = [path for path in paths if not path.exists()]
        if absent:
            raise refuse_missing(type(self).__name__, absent, self.root)
        pixels = read_idx(images, self.checksums.get(images.name))
        numbers = read_idx(labels, self.checksums.get(labels.name))
        if pixels.shape[1:] != (28, 28):
            raise refuse_damaged(images, f"it holds shape {pixels.shape}, not (N, 28, 28)")
        if numbers.shape != pixels.shape[:1] or numbers.max(initial=0) > 9:
            raise refuse_damaged(labels, f"it does not hold {len(pixels)} labels from 0 to 9")
        self.data, self.targets = Tensor(pixels), Tensor(numbers.astype(np.int64))

    @property
    def train_data(self) -> Any:
        """The old name of `data`."""
        return self.data

    @property
    def train_labels(self) -> Any:
        """The old name of `targets`."""
        return self.targets

    test_data, test_labels = train_data, train_labels

    def _find(self, name: str) -> Path:
        """The unpacked file if only that is there, else the gzipped one, there or not."""
        unpacked = self.root / self.folder / "raw" / name
        packed = unpacked.with_name(name + ".gz")
        return unpacked if unpacked.exists() and not packed.exists() else packed

    def _download(self, paths: list[Path]) -> None:
        for path in paths:
            md5 = self.checksums.get(path.name)  # None for an unpacked file, which is kept
            if md5 is not None and not is_intact(path, md5):
                fetch([mirror + path.name for mirror in self.mirrors], path, md5)


class FashionMNIST(MNIST):
    """Articles of clothing in 10 classes: 60,000 training and 10,000 test images of 28x28 pixels.

    H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747. Read from `root/FashionMNIST/raw/`; otherwise
    as MNIST.
    """

    folder = "FashionMNIST"
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
    mean = (0.2860,)
    std = (0.3530,)
    mirrors: ClassVar[list[str]] = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ]
    checksums: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }


def read_idx(path: str | Path, md5: str | None = None) -> np.ndarray:
    """A file of unsigned bytes in the idx format, gzipped or not, as a uint8 array.

    The format: two zero bytes, 8 for "unsigned byte", the number of axes; the length of each axis
    in 4 bytes, the highest first; then the values and nothing else.
    """
    path = Path(path)
    if md5 is not None and md5sum(path) != md5:
        raise refuse_damaged(path, "its checksum is wrong")
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise refuse_damaged(path, f"it does not unpack ({error})") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise refuse_damaged(path, f"it does not begin as an idx file: {content[:16]!r}")
    axes = content[3]
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if len(values) != math.prod(shape):
        raise refuse_damaged(
            path, f"its header promises {math.prod(shape)} values {shape}, it has {len(values)}"
        )
    return values.reshape(shape).copy()  # what comes of `bytes` cannot be written to
