"""The formula of every op and of its backward, as a lecture would write them.

`dy` is the gradient of the loss by y. Products are element by element, @ is that of matrices; σ is
the sigmoid, N what a loss is divided by, as its reduction says: 1 for a sum.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache

WINDOW = "p · stride + t · dilation − padding"

# op: its formula, then the gradient of each input; "" where an input has none
FORMULAS: dict[str, tuple[str, ...]] = {
    # two operands; what was broadcast is summed up
    "add": ("z = x + y", "dx = dz", "dy = dz"),
    "sub": ("z = x − y", "dx = dz", "dy = −dz"),
    "mul": ("z = x · y", "dx = dz · y", "dy = dz · x"),
    "div": ("z = x / y", "dx = dz / y", "dy = −dz · z / y"),
    "pow": ("z = xʸ", "dx = dz · y xʸ⁻¹", "dy = dz · z ln x"),
    "maximum": ("z = max(x, y)", "dx = dz where x > y, half at a tie", "dy = the rest of dz"),
    "minimum": ("z = min(x, y)", "dx = dz where x < y, half at a tie", "dy = the rest of dz"),
    "where": (
        "z = x where the condition holds, else y",
        "",
        "dx = dz where it holds",
        "dy = dz elsewhere",
    ),
    # element by element
    "neg": ("y = −x", "dx = −dy"),
    "exp": ("y = eˣ", "dx = dy · y"),
    "log": ("y = ln x", "dx = dy / x"),
    "log1p": ("y = ln(1 + x)", "dx = dy / (1 + x)"),
    "sqrt": ("y = √x", "dx = dy / (2y)"),
    "abs": ("y = |x|", "dx = dy · sign(x)"),
    "sin": ("y = sin x", "dx = dy · cos x"),
    "cos": ("y = cos x", "dx = −dy · sin x"),
    "erf": ("y = erf(x)", "dx = dy · 2/√π · exp(−x²)"),
    "clip": ("y = x limited to low … high", "dx = dy where low ≤ x ≤ high"),
    "astype": ("y = x, copied, maybe to another dtype", "dx = dy"),
    "sign": ("y = sign(x)", "dx = 0: it is flat"),
    "floor": ("y = ⌊x⌋", "dx = 0: it is flat"),
    "ceil": ("y = ⌈x⌉", "dx = 0: it is flat"),
    "round": ("y = x rounded", "dx = 0: it is flat"),
    # activations
    "relu": ("y = max(x, 0)", "dx = dy where x > 0"),
    "leaky_relu": ("y = x where x > 0, else a x", "dx = dy · (1 where x > 0, else a)"),
    "prelu": (
        "y = x where x > 0, else w x",
        "dx = dy · (1 where x > 0, else w)",
        "dweight = Σ dy · x where x ≤ 0",
    ),
    "elu": ("y = x where x > 0, else a (eˣ − 1)", "dx = dy · (1 where x > 0, else a eˣ)"),
    "gelu": ("y = x Φ(x)", "dx = dy · (Φ(x) + x Φ′(x)), Φ the normal distribution, or near it"),
    "sigmoid": ("y = 1 / (1 + e⁻ˣ)", "dx = dy · y (1 − y)"),
    "tanh": ("y = tanh x", "dx = dy · (1 − y²)"),
    "silu": ("y = x σ(x)", "dx = dy · σ(x) (1 + x (1 − σ(x)))"),
    "softplus": ("y = ln(1 + exp(βx)) / β", "dx = dy · σ(βx), dy above the threshold"),
    "mish": ("y = x t, t = tanh(ln(1 + eˣ))", "dx = dy · (t + x (1 − t²) σ(x))"),
    "hardsigmoid": ("y = x/6 + 1/2, limited to 0 … 1", "dx = dy / 6 where −3 < x < 3"),
    "hardswish": ("y = x · hardsigmoid(x)", "dx = dy · (x/3 + 1/2) where −3 < x < 3, dy above"),
    "hardtanh": ("y = x limited to low … high", "dx = dy where low < x < high"),
    "softmax": ("yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)", "dxᵢ = yᵢ (dyᵢ − Σⱼ dyⱼ yⱼ)"),
    "log_softmax": ("yᵢ = xᵢ − ln Σⱼ exp(xⱼ)", "dxᵢ = dyᵢ − exp(yᵢ) Σⱼ dyⱼ"),
    "dropout": ("y = x · mask / (1 − p)", "dx = dy · mask / (1 − p)"),
    # products
    "matmul": ("z = x @ y", "dx = dz @ yᵀ", "dy = xᵀ @ dz"),
    "linear": ("y = x @ wᵀ + b", "dx = dy @ w", "dw = dyᵀ @ x", "db = Σ dy over the batch"),
    "einsum": ("y = Σ of products", "each input: dy times the other inputs, summed"),
    **{
        f"conv{n}d": (
            f"y[o, p] = b[o] + Σ w[o, c, t] · x[c, {WINDOW}] over c, t",
            "dx[c, i] = Σ w[o, c, t] · dy[o, p] over all o, p whose tap t lies on i",
            f"dw[o, c, t] = Σ dy[o, p] · x[c, {WINDOW}] over images and p",
            "db[o] = Σ dy[o, p] over images and p",
        )
        for n in (1, 2, 3)
    },
    **{
        f"conv_transpose{n}d": (
            f"y[o, {WINDOW}] += w[c, o, t] · x[c, p], from b[o] on",
            f"dx[c, p] = Σ w[c, o, t] · dy[o, {WINDOW}] over o, t",
            f"dw[c, o, t] = Σ x[c, p] · dy[o, {WINDOW}] over images and p",
            "db[o] = Σ dy over images and places",
        )
        for n in (1, 2, 3)
    },
    "deform_conv2d": (
        "y[o, p] = b[o] + Σ w[o, c, t] · m[t, p] · x[c] between pixels, at tap t + offset[t, p]",
        "dx = Σ w · m · dy, shared between the four pixels around each place",
        "doffset = Σ w · m · dy · (slope of x at the place)",
        "dw = Σ dy · m · x at the place",
        "db[o] = Σ dy[o, p]",
        "dmask = Σ w · dy · x at the place",
    ),
    # pooling
    **{
        f"max_pool{n}d": ("y = the largest of the window", "dx = Σ dy of the windows it has won")
        for n in (1, 2, 3)
    },
    **{
        f"avg_pool{n}d": ("y = the mean of the window", "dx = Σ dy / size of each window it is in")
        for n in (1, 2, 3)
    },
    "adaptive_avg_pool": ("y = the mean of a part", "dx = Σ dy / size of each part it is in"),
    "adaptive_max_pool": ("y = the largest of a part", "dx = Σ dy of the parts it has won"),
    "global_avg_pool": ("y = the mean of the map", "dx = dy / size of the map"),
    # normalisation: x̂ is x without its mean, divided by its deviation s = √(var + eps)
    **{
        name: (
            "y = w x̂ + b, x̂ = (x − mean) / s",
            "dx = (g − mean(g) − x̂ mean(g x̂)) / s with g = dy w; dy w / s in evaluation"
            if name == "batch_norm"
            else "dx = (g − mean(g) − x̂ mean(g x̂)) / s with g = dy w",
            "dw = Σ dy · x̂",
            "db = Σ dy",
        )
        for name in ("batch_norm", "layer_norm", "group_norm")
    },
    # losses
    "cross_entropy": (
        "y = Σ −ln softmax(x)[target] / N",
        "dx = dy · (softmax(x) − one_hot(target)) / N, weighted and smoothed if so asked",
        "dtarget = −dy · ln softmax(x) / N",
    ),
    "nll_loss": ("y = Σ −x[target] / N", "dx = −dy / N at the target, 0 elsewhere"),
    "mse_loss": ("y = Σ (x − t)² / N", "dx = dy · 2 (x − t) / N", "dt = −dx"),
    "l1_loss": ("y = Σ |x − t| / N", "dx = dy · sign(x − t) / N", "dt = −dx"),
    "huber_loss": (
        "y = Σ (e²/2 for |e| < δ, else δ (|e| − δ/2)) / N, e = x − t",
        "dx = dy · (e limited to −δ … δ) / N",
        "dt = −dx",
    ),
    "smooth_l1_loss": (
        "y = Σ (e²/(2β) for |e| < β, else |e| − β/2) / N, e = x − t",
        "dx = dy · (e/β limited to −1 … 1) / N",
        "dt = −dx",
    ),
    "kl_div": ("y = Σ t (ln t − x) / N", "dx = −dy · t / N", "dt = dy · (ln t − x + 1) / N"),
    "binary_cross_entropy": (
        "y = Σ −(t ln x + (1 − t) ln(1 − x)) / N",
        "dx = dy · (x − t) / (x (1 − x)) / N",
        "dt = dy · (ln(1 − x) − ln x) / N",
    ),
    "binary_cross_entropy_with_logits": (
        "y = Σ −(t ln σ(x) + (1 − t) ln(1 − σ(x))) / N",
        "dx = dy · (σ(x) − t) / N, weighted if so asked",
        "dt = −dy · x / N",
    ),
    # sums and the like, along axes
    "sum": ("y = Σ x", "dx = dy, for every element"),
    "mean": ("y = Σ x / n", "dx = dy / n, for every element"),
    "var": ("y = Σ (x − mean)² / (n − correction)", "dx = dy · 2 (x − mean) / (n − correction)"),
    "std": (
        "y = √(Σ (x − mean)² / (n − correction))",
        "dx = dy · (x − mean) / ((n − correction) y)",
    ),
    "amax": ("y = the largest x", "dx = dy at the largest, shared if several are"),
    "amin": ("y = the smallest x", "dx = dy at the smallest, shared if several are"),
    "prod": ("y = Π x", "dxᵢ = dy · product of the others"),
    "logsumexp": ("y = ln Σ eˣ", "dx = dy · softmax(x)"),
    "norm": ("y = (Σ |x|ᵖ)^(1/p)", "dx = dy · sign(x) (|x| / y)ᵖ⁻¹; at the largest if p = ∞"),
    "cumsum": ("yᵢ = x₀ + … + xᵢ", "dxᵢ = dyᵢ + dyᵢ₊₁ + …, to the end"),
    # places
    "reshape": ("y = x in another shape", "dx = dy in the shape of x"),
    "permute": ("y = x, its axes in another order", "dx = dy, its axes put back"),
    "expand": ("y = x, repeated", "dx = Σ dy over what was repeated"),
    "flip": ("y = x backwards", "dx = dy backwards"),
    "roll": ("y = x moved on in a circle", "dx = dy moved back"),
    "concatenate": ("y = the inputs, one behind the other", "each input: its part of dy"),
    "stack": ("y = the inputs on a new axis", "each input: its part of dy"),
    "pad": ("y = x with a border", "dx = dy inside, plus what the border was copied from"),
    "getitem": ("y = x[index]", "dx[index] += dy, 0 elsewhere"),
    "gather": ("y = x picked by an index", "dx += dy where it was picked, 0 elsewhere"),
    "scatter_add": ("y = x, with source added by an index", "dx = dy", "dsource = dy picked"),
    "embedding": ("y = rows of the weight", "dweight[index] += dy, 0 elsewhere"),
    "unfold": (
        "y[c t, q] = x[c, q · stride + t · dilation − padding]",
        "dx = Σ dy of the windows",
    ),
    "fold": (
        "y[c, q · stride + t · dilation − padding] += x[c t, q]",
        "dx = dy under each window",
    ),
    "interpolate": ("y = weighted pixels of x", "dx = Σ dy · weight"),
}


@cache
def formulas(name: str, op: Callable, count: int) -> tuple[str, list[tuple[str, str]]]:
    """The op's formula, and (input's name, formula of its gradient) for each of `count` inputs.

    An op without a derivative has no formula but its docstring.
    """
    forward, *backward = FORMULAS.get(name, (inspect.getdoc(op) or "",))
    first, *others = inspect.signature(op).parameters
    if inspect.signature(op).parameters[first].kind is inspect.Parameter.VAR_POSITIONAL:
        names, backward = [f"{first}[{i}]" for i in range(count)], backward * count
    else:
        names = [first, *others][:count]
    backward += [""] * (count - len(backward))
    return forward.partition("\n")[0], list(zip(names, backward, strict=True))
