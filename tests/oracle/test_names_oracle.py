"""The list of what PyTorch has and minigrad lacks is that of this PyTorch, and the edits are right.

If the first test fails: `make names`.
"""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
import unsupported

import minigrad as mg
from minigrad import names
from minigrad.names.table import INSTEAD
from minigrad.nn import functional as F


def test_the_files_are_up_to_date():
    # In a process of its own: which modules PyTorch shows hangs on what was imported before.
    code = (
        "import unsupported as u\n"
        "print(u.NAMES.read_text() == u.names_text(), u.PAGE.read_text() == u.page_text())"
    )
    folder = Path(unsupported.__file__).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout == "True True\n", f"run make names {done.stderr}"


def test_the_page_lists_each_name_that_is_missing():
    page = unsupported.PAGE.read_text()
    for place in names.known():
        for name in unsupported.lacking(place) if place != "torchvision" else ():
            assert f"`{name}`" in page


rng = np.random.default_rng(0)
ARRAYS = {name: rng.uniform(0.2, 0.9, (3, 3)).astype(np.float32) for name in "abcxy"}
ARRAYS |= {name: rng.uniform(0.2, 0.9, 3).astype(np.float32) for name in "uv"}
ARRAYS["var"] = ARRAYS["a"]
SIGNS = np.sign(rng.standard_normal((3, 3))).astype(np.float32)

# What PyTorch computes where the table has a formula, on the same letters.
FORMULAS = {
    "torch.addmm": "torch.addmm(c, a, b)",
    "torch.addmv": "torch.addmv(u, a, v)",
    "torch.addr": "torch.addr(c, u, v)",
    "torch.addcmul": "torch.addcmul(c, a, b, value=value)",
    "torch.addcdiv": "torch.addcdiv(c, a, b, value=value)",
    "torch.lerp": "torch.lerp(a, b, weight)",
    "torch.mv": "torch.mv(a, v)",
    "torch.inner": "torch.inner(a, b)",
    "torch.ger": "torch.ger(u, v)",
    "torch.hypot": "torch.hypot(a, b)",
    "torch.dist": "torch.dist(a, b)",
    "torch.cdist": "torch.cdist(a, b)",
    "torch.log2": "torch.log2(x)",
    "torch.log10": "torch.log10(x)",
    "torch.exp2": "torch.exp2(x)",
    "torch.expm1": "torch.expm1(x)",
    "torch.tan": "torch.tan(x)",
    "torch.sinh": "torch.sinh(x)",
    "torch.cosh": "torch.cosh(x)",
    "torch.logit": "torch.logit(x)",
    "torch.remainder": "torch.remainder(x, y)",
    "torch.floor_divide": "torch.floor_divide(x, y)",
    "torch.aminmax": "tuple(torch.aminmax(x))",
    "torch.std_mean": "torch.std_mean(x)",
    "torch.var_mean": "torch.var_mean(x)",
    "torch.count_nonzero": "torch.count_nonzero(x)",
    "torch.median": "torch.median(x, -1)[0]",
    "torch.kthvalue": "torch.kthvalue(x, k)[0]",
    "torch.vstack": "torch.vstack([a, b])",
    "torch.hstack": "torch.hstack([a, b])",
    "torch.column_stack": "torch.column_stack([u, v])",
    "torch.ravel": "torch.ravel(x)",
    "torch.fliplr": "torch.fliplr(x)",
    "torch.flipud": "torch.flipud(x)",
    "nn.LogSigmoid": "TF.logsigmoid(x)",
    "nn.functional.selu": "TF.selu(x)",
    "nn.RMSNorm": "TF.rms_norm(x, (3,), eps=eps)",
    "nn.TripletMarginLoss": "TF.triplet_margin_loss(a, b, c)",
    "nn.HingeEmbeddingLoss": "TF.hinge_embedding_loss(x, y)",
    "nn.SoftMarginLoss": "TF.soft_margin_loss(x, y)",
    "nn.GaussianNLLLoss": "TF.gaussian_nll_loss(x, y, var)",
    "nn.functional.pairwise_distance": "TF.pairwise_distance(a, b)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_of_the_table_gives_what_pytorch_does(name):
    numbers = {"value": 0.7, "weight": 0.3, "k": 2, "eps": 1e-6, "math": math}
    arrays = dict(ARRAYS)
    if name == "torch.addmv":
        arrays["c"] = arrays["u"]
    if name == "nn.HingeEmbeddingLoss":
        arrays["y"] = SIGNS
    ours = {letter: mg.tensor(array) for letter, array in arrays.items()} | numbers
    theirs = {letter: torch.tensor(array) for letter, array in arrays.items()} | numbers
    code = INSTEAD[name].split("`")[1]
    made = eval(code, {"torch": mg, "F": F, **ours})
    expected = eval(FORMULAS[name], {"torch": torch, "TF": TF, **theirs})
    made, expected = ((t if isinstance(t, tuple) else (t,)) for t in (made, expected))
    for y, t in zip(made, expected, strict=True):
        np.testing.assert_allclose(np.asarray(y), t.numpy(), rtol=1e-5, atol=1e-6)
