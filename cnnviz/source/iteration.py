"""Iterators in pasted code: generators, and what map, zip and their like give, worked out step by step as in Python."""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from cnnviz.errors import DesignError
from cnnviz.source.arguments import read_arguments
from cnnviz.source.interpreter import MAX_LENGTH, CallHandler, Interpreter, Jump, Returned, Scope
from cnnviz.source.values import Lazy

Ended = Returned | Jump | None


def yields(statements: Iterable[ast.AST]) -> bool:
    """Returns whether statements yield, those of functions inside them left aside."""
    todo = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))
    return False


def generator(interpreter: Interpreter, function: ast.FunctionDef, scope: Scope, line: int) -> Lazy:
    """Returns what a function that yields gives where it is called."""
    steps = _follow(interpreter, function.body, scope)

    def resumed() -> Iterator[object]:
        while True:
            with interpreter.nested_call(line):
                try:
                    item = next(steps)
                except StopIteration:
                    return
            yield item

    return Lazy(resumed(), line)


def _follow(interpreter: Interpreter, statements: Sequence[ast.stmt], scope: Scope) -> Generator[object, None, Ended]:
    """Yields what the statements of a generator yield, up to the first return, break or continue."""
    for statement in statements:
        ended = (
            (yield from _follow_one(interpreter, statement, scope))
            if yields([statement])
            else interpreter.execute_statement(statement, scope)
        )
        if ended:
            return ended
    return None


def _follow_one(interpreter: Interpreter, statement: ast.stmt, scope: Scope) -> Generator[object, None, Ended]:
    interpreter.enter(statement)
    match statement:
        case ast.Expr(value=ast.Yield(value=value)):
            yield interpreter.value(value, scope) if value else None
        case ast.Expr(value=ast.YieldFrom(value=values)):
            yield from interpreter.iterate(values, scope)
        case ast.If():
            branch = statement.body if interpreter.truth(statement.test, scope) else statement.orelse
            return (yield from _follow(interpreter, branch, scope))
        case ast.For() | ast.While():
            return (yield from _follow_loop(interpreter, statement, scope))
        case _:
            raise interpreter.not_understood(statement, "a generator here yields in plain statements, loops and if")
    return None


def _follow_loop(interpreter: Interpreter, node: ast.For | ast.While, scope: Scope) -> Generator[object, None, Ended]:
    items = interpreter.iterate(node.iter, scope) if isinstance(node, ast.For) else None
    while True:
        if isinstance(node, ast.While):
            interpreter.count_step(node.lineno)
            if not interpreter.truth(node.test, scope):
                break
        elif items is not None:
            try:
                interpreter.bind(node.target, next(items), scope)
            except StopIteration:
                break
        ended = yield from _follow(interpreter, node.body, scope)
        if isinstance(ended, Returned):
            return ended
        if ended is Jump.BREAK:
            return None
    return (yield from _follow(interpreter, node.orelse, scope))


def call_with(
    interpreter: Interpreter, function: object, values: Sequence[object], node: ast.Call, scope: Scope
) -> object:
    """Returns what a function gives for these values, which stand under names that no text can have."""
    names = {f" {number}": value for number, value in enumerate((function, *values))}
    called, *given = (ast.copy_location(ast.Name(name, ast.Load()), node) for name in names)
    call = ast.copy_location(ast.Call(called, list(given), []), node)
    return interpreter.value(call, replace(scope, around=(names, *scope.around)))


def _positional(
    interpreter: Interpreter, node: ast.Call, scope: Scope, least: int, most: int = MAX_LENGTH
) -> list[object]:
    positional, named = read_arguments(interpreter, node, scope)
    if named or not least <= len(positional) <= most:
        raise interpreter.not_understood(node)
    return positional


def map_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Calls a function with each item of a value, or of several values side by side: map."""
    function, *values = _positional(interpreter, node, scope, 2)
    rounds = _side_by_side([interpreter.iter_of(value, node) for value in values])
    return Lazy((call_with(interpreter, function, items, node, scope) for items in rounds), node.lineno)


def filter_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Keeps the items for which a function is true, or for None those that are: filter."""
    function, value = _positional(interpreter, node, scope, 2, 2)

    def is_kept(item: object) -> bool:
        answer = item if function is None else call_with(interpreter, function, [item], node, scope)
        return interpreter.truth_of(answer, node)

    return Lazy((item for item in interpreter.iter_of(value, node) if is_kept(item)), node.lineno)


def reduce_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Calls a function of two values with the result so far and the next item: functools.reduce."""
    function, value, *start = _positional(interpreter, node, scope, 2, 3)
    items = interpreter.iter_of(value, node)
    result = start[0] if start else next(items, None)
    if result is None:
        raise interpreter.not_understood(node, "there is nothing to start with")
    for item in items:
        result = call_with(interpreter, function, [result, item], node, scope)
    return result


def zip_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Puts what several values hold side by side: zip."""
    positional, named = read_arguments(interpreter, node, scope)
    if {*named} - {"strict"}:
        raise interpreter.not_understood(node)
    return Lazy(map(tuple, _side_by_side([interpreter.iter_of(value, node) for value in positional])), node.lineno)


def enumerate_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Counts what a value holds: enumerate."""
    values = read_arguments(interpreter, node, scope).matched(("iterable", "start"), "enumerate", node.lineno)
    start = values.get("start", 0)
    if not isinstance(start, int):
        raise interpreter.not_understood(node)
    return Lazy(enumerate(interpreter.iter_of(values.get("iterable"), node), start), node.lineno)


def reverse_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Goes through a list from its end: reversed."""
    (value,) = _positional(interpreter, node, scope, 1, 1)
    if isinstance(value, Lazy):
        raise interpreter.not_understood(node)
    return Lazy(reversed(interpreter.items_of(value, node)), node.lineno)


def chain_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Goes through several values, one after the other: itertools.chain."""
    values = _positional(interpreter, node, scope, 0)
    return Lazy(chain.from_iterable(interpreter.iter_of(value, node) for value in values), node.lineno)


def chain_inner_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Goes through the values in a value, one after the other: itertools.chain.from_iterable."""
    (outer,) = _positional(interpreter, node, scope, 1, 1)
    inner = (interpreter.iter_of(value, node) for value in interpreter.iter_of(outer, node))
    return Lazy(chain.from_iterable(inner), node.lineno)


def neighbours(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Goes through pairs of neighbours: itertools.pairwise."""
    (value,) = _positional(interpreter, node, scope, 1, 1)
    return Lazy(pairwise(interpreter.iter_of(value, node)), node.lineno)


def make_iterator(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Lazy:
    """Returns an iterator, which is gone through once: iter."""
    (value,) = _positional(interpreter, node, scope, 1, 1)
    return value if isinstance(value, Lazy) else Lazy(interpreter.iter_of(value, node), node.lineno)


def next_item(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Takes one item of an iterator: next."""
    value, *default = _positional(interpreter, node, scope, 1, 2)
    if not isinstance(value, Lazy):
        raise interpreter.not_understood(node)
    try:
        return next(value)
    except StopIteration:
        if default:
            return default[0]
        raise DesignError(f"Line {node.lineno}: nothing is left to take here.") from None


def _side_by_side(iterators: Sequence[Iterator[object]]) -> Iterator[list[object]]:
    """Yields one item of each, up to the end of the shortest."""
    while iterators:
        try:
            yield [next(iterator) for iterator in iterators]
        except StopIteration:
            return


ITERATION: dict[str, CallHandler] = {
    "builtins.map": map_items,
    "builtins.filter": filter_items,
    "builtins.zip": zip_items,
    "builtins.enumerate": enumerate_items,
    "builtins.reversed": reverse_items,
    "builtins.iter": make_iterator,
    "builtins.next": next_item,
    "functools.reduce": reduce_items,
    "itertools.chain": chain_items,
    "itertools.chain.from_iterable": chain_inner_items,
    "itertools.pairwise": neighbours,
}
"""The handler of each function that gives or takes an iterator, by its full name."""
