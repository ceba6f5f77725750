"""The house rules that a machine can check: who imports whom, long files, what is covered."""

import ast
import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from cases import CASES, CASES_WITHOUT_GRADIENT
from numerical import as_tensors

import minigrad as mg
from minigrad import Tensor
from minigrad.nn import functional as F

PACKAGE = Path(mg.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Each floor imports only what stands to its left.
FLOORS = [
    "kernels", "ops", "origin", "names", "writes", "device", "random", "methods", "graph",
    "backprop", "grad_mode", "tensor", "creation", "functions", "accelerator", "amp", "backends",
    "cuda", "jit", "elements", "pickles", "archive", "serialization", "nn", "filters", "optim",
    "utils", "transforms", "datasets", "models", "geometry", "reach", "summary", "plot", "train",
    "debug", "comparison", "cli", "compat", "__main__",
]  # fmt: skip


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor(module):
    """The package or module right below minigrad; None for minigrad itself."""
    return [*module.split("."), None][1]


def imports(path):
    """The minigrad modules that a file imports, those for type checking only left out."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in importing_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "minigrad")
        elif node.level:
            base = package[: len(package) - node.level + 1]
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (
                f"{module}.{a.name}" if is_module(f"{module}.{a.name}") else module
                for a in node.names
            )
        elif (node.module or "").split(".")[0] == "minigrad":
            yield node.module


def importing_nodes(tree):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield from importing_nodes(node)


@cache
def modules():
    return {module_name(path): path for path in FILES}


def is_module(name):
    return name in modules()


def test_every_part_of_the_package_has_its_floor():
    assert {floor(name) for name in modules()} - {None} <= set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_to_the_left(path):
    here = floor(module_name(path))
    if here is None:
        return  # minigrad/__init__.py shows what all floors offer
    for target in imports(path):
        there = floor(target)
        assert there is not None, f"{path.name} imports minigrad itself"
        assert FLOORS.index(there) <= FLOORS.index(here), f"{module_name(path)} imports {target}"
    if here == "random":
        assert set(imports(path)) == {"minigrad.device"}, "random.py imports the devices only"


def test_no_module_imports_itself_through_others():
    graph = {name: set(imports(path)) & set(modules()) - {name} for name, path in modules().items()}
    done = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for target in graph[name]:
                visit(target, [*trail, name])
            done.add(name)

    for name in graph:
        if name != "minigrad":
            visit(name, [])


PAGES = sorted((PACKAGE / "debug" / "pages").iterdir())


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_can_be_taken_in_at_once(path):
    assert len(path.read_text().splitlines()) <= 300


def test_the_import_checker_sees_each_way_to_import(tmp_path):
    code = """
from . import sibling
from .tensor import Tensor
from ..ops.reduce import sum
def later():
    from ..methods import base
if TYPE_CHECKING:
    from ..train import fit
import minigrad.nn
"""
    tree = ast.parse(code)
    lines = sorted(node.lineno for node in importing_nodes(tree))
    assert lines == [2, 3, 4, 6, 9]


# Helpers of the ops' modules that are no ops: they return something else than (result, way back).
NO_OPS = {
    "broadcast_shapes", "unbroadcast", "normalize_dim", "normalize_dims", "nonempty", "logistic",
    "reduced", "pooled_size", "conv_size", "conv_transpose_size", "check_bias", "fill_in",
    "shape_of", "places", "windows",
}  # fmt: skip


def public_ops():
    for name in filter(lambda name: floor(name) == "ops", modules()):
        module = sys.modules[name]
        for op, f in vars(module).items():
            ours = inspect.isfunction(f) and f.__module__ == name and not op.startswith("_")
            if ours and op not in NO_OPS:
                yield f


def test_every_public_op_is_used_by_a_case_of_the_table(monkeypatch):
    used = set()
    original = Tensor._apply

    def recording(op, *inputs, **options):
        used.add(op)
        return original(op, *inputs, **options)

    for module in [m for name, m in sys.modules.items() if name.startswith("minigrad.")]:
        if getattr(module, "apply", None) is original:
            monkeypatch.setattr(module, "apply", recording)
    monkeypatch.setattr(Tensor, "_apply", staticmethod(recording))
    for case in [*CASES, *CASES_WITHOUT_GRADIENT]:
        case.run(*as_tensors(case.inputs))
    missing = sorted(f"{op.__module__}.{op.__name__}" for op in set(public_ops()) - used)
    assert not missing, f"no case in tests/cases for {missing}"


def covered():
    return {case.name for case in [*CASES, *CASES_WITHOUT_GRADIENT]}


def test_every_function_of_nn_functional_has_a_case():
    assert not {f"F.{name}" for name in F.__all__} - covered()


# Methods that compute no new values from a tensor's own: tests of their own cover them.
ELSEWHERE = [
    "backward", "contiguous", "cpu", "cuda", "detach", "device", "dim", "dtype", "is_cuda",
    "grad_fn", "is_leaf", "item", "ndim", "numel", "numpy", "register_hook", "requires_grad",
    "requires_grad_", "retain_grad", "shape", "size", "tolist", "to", "type", "check_writable",
    "data", "grad", "hooks", "written", "add_", "sub_", "mul_", "div_", "copy_", "fill_", "zero_",
    "clamp_", "float", "double", "long", "int", "bool", "mm", "bmm", "dot", "detach_",
    "allclose", "equal", "nelement", "is_contiguous", "is_floating_point", "element_size",
    "pin_memory", "type_as", "masked_fill_", "scatter_", "normal_", "uniform_", "exponential_",
    "bernoulli", "bernoulli_", "random_", "new_empty", "new_ones", "new_tensor", "new_zeros",
]  # fmt: skip


def test_every_method_of_tensor_has_a_case():
    methods = {name for name in dir(Tensor) if not name.startswith("_")} - set(ELSEWHERE)
    assert not {f"Tensor.{name}" for name in methods} - covered()


def test_importing_minigrad_loads_nothing_heavy():
    heavy = ("matplotlib", "tqdm", "safetensors", "threadpoolctl", "PIL", "torch", "scipy")
    code = f"import sys, minigrad; print([name for name in {heavy} if name in sys.modules])"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == "[]"
