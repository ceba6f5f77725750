"""The pages of the API: pdoc's, with each name where the user imports it from.

pdoc takes what `__all__` lists, but shows a class as one of the module that it is written in, and
leaves out what it has of a base class that is not public. Here Conv2d is one of `minigrad.nn`, its
base is Layer, and the `forward` that its private base brings is its own.
"""

import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from pages import plain_stars
from pdoc import doc, render

Place = tuple[str, str]  # module, name


def write_reference(folder: Path) -> None:
    """Write a page for each public module of minigrad into `folder`."""
    modules = {}
    for name in list(public_modules("minigrad"))[::-1]:  # those below before those above
        module = import_module(name)
        if not hasattr(module, "__all__"):
            module.__all__ = offered(module, modules)
        for lazy in module.__all__:  # what is loaded when it is first used
            setattr(module, lazy, getattr(module, lazy))
        modules[name] = doc.Module(module)
    classes = {
        member.obj: member
        for module in modules.values()
        for member in module.own_members
        if isinstance(member, doc.Class)
    }
    for member in classes.values():
        move_in(member, classes)
    for namespace in [*modules.values(), *classes.values()]:
        for member in namespace.members.values():  # a class is a member of its module
            member.docstring = plain_stars(member.docstring)
    for name, module in modules.items():
        page = folder / f"{name.replace('.', '/')}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render.html_module(module, modules))
    (folder / "search.js").write_text(render.search_index(modules))


def public_modules(name: str) -> Iterator[str]:
    """`name` and the modules below it that users import from.

    Those that `__all__` lists, or without one those that are packages.
    """
    yield name
    module = import_module(name)
    listed = getattr(module, "__all__", None)
    for child in pkgutil.iter_modules(getattr(module, "__path__", [])):
        public = child.ispkg if listed is None else child.name in listed
        if public and isinstance(getattr(module, child.name), ModuleType):
            yield from public_modules(f"{name}.{child.name}")


def offered(module: ModuleType, below: Iterable[str]) -> list[str]:
    """The names that a module without `__all__` defines, or has of the modules below it."""

    def is_offered(name: str, value: object) -> bool:
        if isinstance(value, ModuleType):
            return value.__name__ in below
        return str(getattr(value, "__module__", "")).startswith(module.__name__)

    return [n for n, value in vars(module).items() if n[0] != "_" and is_offered(n, value)]


def move_in(cls: doc.Class, classes: dict[type, doc.Class]) -> None:
    """Let what a public base has of a private one be the public base's, or else the class's own."""
    above = cls.obj.__mro__[1:]
    places = {(base.__module__, base.__qualname__): base for base in above}
    own: list[doc.Doc] = list(cls.own_members)
    inherited: dict[Place, list[doc.Doc]] = {}
    for place, members in cls.inherited_members.items():
        private = places[place]
        heirs = [base for base in above if base in classes and issubclass(base, private)]
        if heirs:
            heir = classes[heirs[-1]]
            for member in members:
                member.taken_from = heir.modulename, f"{heir.qualname}.{member.name}"
            inherited.setdefault((heir.modulename, heir.qualname), []).extend(members)
        elif place[0].startswith("minigrad"):
            own += members
    cls.own_members = sorted(own, key=lambda member: member.name != "__init__")
    cls.inherited_members = inherited
    cls.bases = [
        (base.modulename, base.qualname, base.fullname) for base in nearest(cls.obj, classes)
    ]


def nearest(cls: type, classes: dict[type, doc.Class]) -> Iterator[doc.Class]:
    """The public base classes that `cls` has directly or through private ones."""
    for base in cls.__bases__:
        if base in classes:
            yield classes[base]
        else:
            yield from nearest(base, classes)
