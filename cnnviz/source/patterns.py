"""The handler of `match` in pasted code: which of its cases a value fits."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cnnviz.source.interpreter import Interpreter, Jump, Returned, Scope, is_plain
from cnnviz.source.object_functions import is_of_kind
from cnnviz.source.values import MISSING, Lazy, NamedTuple


def match(interpreter: Interpreter, node: ast.Match, scope: Scope) -> Returned | Jump | None:
    """Follows the first case whose pattern the value fits."""
    value = interpreter.value(node.subject, scope)
    for case in node.cases:
        attempt = _Attempt(interpreter, node, scope)
        if not attempt.fits(case.pattern, value):
            continue
        scope.names.update(attempt.names)
        if case.guard is None or interpreter.truth(case.guard, scope):
            return interpreter.execute(case.body, scope)
    return None


@dataclass
class _Attempt:
    """One case held against a value, with the names that its pattern binds."""

    interpreter: Interpreter
    node: ast.Match
    scope: Scope
    names: dict[str, object] = field(default_factory=dict)

    def fits(self, pattern: ast.pattern, value: object) -> bool:
        """Returns whether a value fits a pattern; raises DesignError where that is not understood."""
        self.interpreter.count_step(pattern.lineno)
        handler = _PATTERNS.get(type(pattern))
        answer = handler(self, pattern, value) if handler else None
        if answer is None:
            why = "a case here is more than values, lists, dicts and classes"
            raise self.interpreter.not_understood(self.node.subject, why)
        return answer

    def fits_singleton(self, pattern: ast.MatchSingleton, value: object) -> bool:
        """None, True or False."""
        return value is pattern.value

    def fits_value(self, pattern: ast.MatchValue, value: object) -> bool | None:
        """A value that equals another one."""
        wanted = self.interpreter.value(pattern.value, self.scope)
        return value == wanted if is_plain(value) and is_plain(wanted) else None

    def fits_one(self, pattern: ast.MatchOr, value: object) -> bool:
        """One of several patterns."""
        return any(self.fits(inner, value) for inner in pattern.patterns)

    def fits_name(self, pattern: ast.MatchAs, value: object) -> bool:
        """A pattern with a name for the value, a name alone, or _."""
        if pattern.pattern is not None and not self.fits(pattern.pattern, value):
            return False
        if pattern.name is not None:
            self.names[pattern.name] = value
        return True

    def fits_sequence(self, pattern: ast.MatchSequence, value: object) -> bool | None:
        """Patterns for the items of a list one by one; one with a star takes what the others leave."""
        if not isinstance(value, list | tuple | range):
            return False if is_plain(value) or isinstance(value, Lazy) else None
        items, patterns = list(value), pattern.patterns
        starred = next((place for place, inner in enumerate(patterns) if isinstance(inner, ast.MatchStar)), None)
        if starred is None:
            return len(patterns) == len(items) and all(map(self.fits, patterns, items))
        first, star, last = patterns[:starred], patterns[starred], patterns[starred + 1 :]
        end = len(items) - len(last)
        if end < len(first):
            return False
        if isinstance(star, ast.MatchStar) and star.name:
            self.names[star.name] = items[starred:end]
        return all(map(self.fits, first, items)) and all(map(self.fits, last, items[end:]))

    def fits_mapping(self, pattern: ast.MatchMapping, value: object) -> bool | None:
        """Patterns for some of the values of a dict."""
        if not isinstance(value, dict) or pattern.rest is not None:
            return False if is_plain(value) and not isinstance(value, dict) else None
        found = [value.get(self.interpreter.value(key, self.scope), MISSING) for key in pattern.keys]
        return MISSING not in found and all(map(self.fits, pattern.patterns, found))

    def fits_class(self, pattern: ast.MatchClass, value: object) -> bool | None:
        """An object of a class; int(n) names the number itself."""
        patterns, kind = pattern.patterns, self.interpreter.value(pattern.cls, self.scope)
        if pattern.kwd_attrs or len(patterns) > 1:
            return None
        if not is_of_kind(self.interpreter, value, kind, pattern.cls):
            return False
        is_itself = is_plain(value) and not isinstance(value, NamedTuple)
        return all(self.fits(inner, value) for inner in patterns) if is_itself or not patterns else None


_PATTERNS: dict[type[ast.pattern], Callable[[_Attempt, Any, object], bool | None]] = {
    ast.MatchSingleton: _Attempt.fits_singleton,
    ast.MatchValue: _Attempt.fits_value,
    ast.MatchOr: _Attempt.fits_one,
    ast.MatchAs: _Attempt.fits_name,
    ast.MatchSequence: _Attempt.fits_sequence,
    ast.MatchMapping: _Attempt.fits_mapping,
    ast.MatchClass: _Attempt.fits_class,
}
"""Whether a value fits each kind of pattern; None where that is not understood."""
