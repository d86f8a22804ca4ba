"""What a recipe says, apart from comments and layout: the same text on every version of Python."""

from __future__ import annotations

import ast
import inspect
from typing import Any


def syntax_of(source: str) -> str:
    """Return a program's syntax tree as text, in the words of Python 3.11. Raises SyntaxError or ValueError.

    Python 3.12 adds an empty list of type parameters to each function and class, and 3.13 leaves empty lists out.
    """
    asked: dict[str, Any] = {"show_empty": True} if "show_empty" in inspect.signature(ast.dump).parameters else {}
    return ast.dump(ast.parse(source), **asked).replace(", type_params=[]", "")
