from collections import namedtuple

import numpy as np
import pytest

from minigrad.tensor import Tensor
from minigrad.utils.data import default_collate


def plain(batch):
    assert isinstance(batch, Tensor)
    return str(batch.dtype), batch.data.tolist()


@pytest.mark.parametrize(
    ("samples", "batch"),
    [
        ([1, 2], ("int64", [1, 2])),
        ([0.5, 2.0], ("float32", [0.5, 2.0])),
        ([True, False], ("bool", [True, False])),
        ([np.int32(1), np.int32(2)], ("int32", [1, 2])),
        ([np.float64(1)], ("float64", [1.0])),
        ([np.zeros(2, np.uint8)] * 2, ("uint8", [[0, 0], [0, 0]])),
        ([Tensor(np.ones(2)), Tensor(np.zeros(2))], ("float64", [[1, 1], [0, 0]])),
        ([Tensor(np.array(3)), 4], ("int64", [3, 4])),
    ],
)
def test_values_of_a_kind_become_one_tensor(samples, batch):
    assert plain(default_collate(samples)) == batch


def test_fields_are_collated_one_by_one():
    point = namedtuple("point", "x y")
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([{"k": "a"}, {"k": "b"}]) == {"k": ["a", "b"]}
    numbers, [nested] = default_collate([(1, [2.0]), (3, [4.0])])
    assert plain(numbers) == ("int64", [1, 3])
    assert plain(nested) == ("float32", [2, 4])
    batch = default_collate([point(1, 2), point(3, 4)])
    assert type(batch) is point
    assert plain(batch.y) == ("int64", [2, 4])


def test_what_cannot_be_collated_is_named():
    with pytest.raises(
        ValueError, match=r"sample 0 has shape \(2,\) and sample 1 has shape \(3,\)"
    ):
        default_collate([(np.zeros(2), 1), (np.zeros(3), 1)])
    with pytest.raises(ValueError, match=r"sample 7 has shape \(2,\) and sample 5 has shape \(\)"):
        default_collate([np.zeros(2), 1], [7, 5])
    with pytest.raises(ValueError, match=r"the samples have \[1, 2\] fields"):
        default_collate([(1,), (1, 2)])
    with pytest.raises(TypeError, match=r"samples of type object.*ToTensor\(\).*collate_fn="):
        default_collate([object()])
