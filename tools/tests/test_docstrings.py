"""Public functions on arrays say which shapes they take and give."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "tinygate"


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of modules and methods of classes that no underscore hides; not those inside functions."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
        for scope in scopes:
            for node in scope.body:
                overloads = getattr(node, "decorator_list", [])
                if (
                    isinstance(node, ast.FunctionDef)
                    and node.name[0] != "_"
                    and "overload" not in map(ast.unparse, overloads)
                ):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}", node


def takes_arrays(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    written = [ast.unparse(argument.annotation) for argument in arguments if argument.annotation]
    written += [ast.unparse(function.returns)] if function.returns else []
    return any(word in text for text in written for word in ("NDArray", "ArrayLike"))


def test_functions_on_arrays_give_shapes() -> None:
    words = ("[", "shape", "as for `", "arguments as")
    silent = [
        name
        for name, function in public_functions()
        if takes_arrays(function) and not any(word in (ast.get_docstring(function) or "") for word in words)
    ]
    assert not silent, silent
