"""The shape of the code, kept by reading it: floors, nothing that changes at module level, a noun for every file."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"models": 1, "guardrails": 2, "routing": 2, "gateway": 3, "operations": 4}
FILES = sorted(path for package in FLOORS for path in (ROOT / package).rglob("*.py"))
NAMELESS = {"utils", "helpers", "common", "base", "manager"}
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CONTAINERS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict", "count", "Lock",
              "Queue", "ContextVar", "local", "WeakKeyDictionary", "WeakValueDictionary", "WeakSet"}
MUTATORS = {"append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "remove", "discard", "clear",
            "sort", "reverse"}

Check = Callable[[str, ast.Module], Iterator[str]]


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported anywhere in the file, also for the type checker only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def climbs(package: str, tree: ast.Module) -> Iterator[str]:
    """Imports that do not point down: to a floor above, or to the neighbour on the same one."""
    for module in imported(tree):
        target = module.partition(".")[0]
        if target == "" or (target != package and FLOORS.get(target, 0) >= FLOORS[package]):
            yield f"imports {module}"


def reaches(package: str, tree: ast.Module) -> Iterator[str]:
    """The database stays on its floor, and Starlette's base class for middleware stays out of the house."""
    if package != "operations":
        yield from (f"imports {module}" for module in imported(tree) if module.startswith(("sqlalchemy", "alembic")))
    names = (getattr(node, "id", getattr(node, "attr", getattr(node, "name", ""))) for node in ast.walk(tree))
    yield from (str(name) for name in names if name == "BaseHTTPMiddleware")


def states(package: str, tree: ast.Module) -> Iterator[str]:
    """State at module level. A table is none: a display under a constant's name, which its module never writes to."""
    tables = set()
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            tables.add(name)
            if isinstance(value, DISPLAYS) and not name.isupper() and name != "__all__":
                yield f"{name} is a container"
            if isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] in CONTAINERS:
                yield f"{name} is made to be changed"
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"global {', '.join(node.names)}"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            decorators = {ast.unparse(one).partition("(")[0].split(".")[-1] for one in node.decorator_list}
            if decorators & {"cache", "lru_cache"}:
                yield f"{node.name} remembers in its module"
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and _named(node.value, tables):
            yield f"writes to {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS \
                and _named(node.func.value, tables):
            yield f"calls {ast.unparse(node.func)}"


def _named(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names and node.id.isupper()


def found(check: Check) -> list[str]:
    return [f"{path.relative_to(ROOT)} {fault}" for path in FILES
            for fault in check(path.relative_to(ROOT).parts[0], ast.parse(path.read_text()))]


def test_imports_only_point_down_the_floors() -> None:
    assert found(climbs) == []


def test_only_operations_knows_the_database_and_nobody_wraps_requests_in_base_http_middleware() -> None:
    assert found(reaches) == []


def test_nothing_changes_at_module_level() -> None:
    assert found(states) == []


def test_every_file_and_folder_is_named_for_what_it_holds() -> None:
    parts = {part.removesuffix(".py") for path in FILES for part in path.relative_to(ROOT).parts}
    assert parts & NAMELESS == set()


@pytest.mark.parametrize(("check", "package", "source"), [
    (climbs, "gateway", "from operations.store import tables"),
    (climbs, "routing", "import guardrails.policy"),
    (climbs, "models", "def f():\n    from gateway import ids"),
    (climbs, "models", "from . import endpoint"),
    (reaches, "gateway", "from sqlalchemy import select"),
    (reaches, "operations", "from starlette.middleware.base import BaseHTTPMiddleware"),
    (states, "gateway", "seen = {}"),
    (states, "gateway", "SEEN: set[str] = set()"),
    (states, "gateway", "_pools = defaultdict(list)"),
    (states, "gateway", "TABLE = {}\ndef f(x):\n    TABLE[x] = 1"),
    (states, "gateway", "TABLE = [1]\ndef f(x):\n    TABLE.append(x)"),
    (states, "gateway", "count = 0\ndef f():\n    global count\n    count += 1"),
    (states, "gateway", "@lru_cache\ndef f(x): ..."),
])
def test_a_breach_is_found(check: Check, package: str, source: str) -> None:
    assert list(check(package, ast.parse(source)))


@pytest.mark.parametrize("source", [
    "WORDS = {1: 'one'}\ndef f(x): return WORDS.get(x)", "WORTH = frozenset({429})", "__all__ = ['main']",
    "T = TypeVar('T')", "import re\n_HOST = re.compile('x')", "def f():\n    seen = {}\n    seen[1] = 2",
])
def test_what_never_changes_is_no_state(source: str) -> None:
    assert list(states("gateway", ast.parse(source))) == []
