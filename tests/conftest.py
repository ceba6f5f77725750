import os
from pathlib import Path

import pytest
from hypothesis import settings

from minigrad.kernels import pieces

settings.register_profile("any machine", deadline=None)  # a busy one takes longer
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def data_folder():
    """The folder with the real MNIST and CIFAR-10 files; tests that need it skip without it."""
    folder = os.environ.get("MINIGRAD_DATA")
    if not folder:
        pytest.skip("set MINIGRAD_DATA to the folder of the real data sets")
    return Path(folder)


def pytest_addoption(parser):
    text = "let convolutions take one way only: the results must be the same"
    parser.addoption("--algorithm", choices=pieces.WAYS, default="faster", help=text)


def pytest_configure(config):
    pieces.way = config.getoption("--algorithm")
