"""Text to an expression. Python only reads it; nothing but what is listed here is let through.

    account(17).equity < 0 and not market(BTC-PERP).mark >= 60000.5

Comparisons `< <= > >= == !=`, `and or not`, `+ - * /` and brackets, whole numbers and decimals, `true false`, the words
for standings, grades and modes, and the names of `operands`. Arithmetic is exact. What does not exist has no value, and
nothing is true of it: a comparison with it is neither true nor false.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from journal_tools.errors import ToolError
from journal_tools.past.units import Units
from journal_tools.watch.operands import WORDS, Operand, Part, Value, operand
from journal_tools.watch.reading import Reading, Source

LENGTH_MAX: Final = 1_000
DEPTH_MAX: Final = 50
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_COMPARED: Final[dict[type[ast.cmpop], Callable[[Fraction, Fraction], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_RECKONED: Final[dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
HINT: Final = "as in: account(17).equity < 0 and market(BTC-PERP).mark > 60000.5"

Evaluate = Callable[[Reading], Value]


class Expression(NamedTuple):
    """A condition or a value: the names in it, and how it is found. A condition of no value is not met."""

    text: str
    operands: tuple[Operand, ...]
    is_condition: bool
    find: Evaluate

    def evaluate(self, reading: Reading) -> Value:
        """What it is in a reading: of a condition whether it is met."""
        value = self.find(reading)
        return value is True if self.is_condition else value

    def reading(self) -> Reading:
        """A reading of all that the expression looks at."""
        sources: set[Source] = set()
        for name in self.operands:
            sources |= name.sources
        return Reading(sources)


def parse(text: str, units: Units) -> Expression:
    """An expression from its text. Raises ToolError `expression_invalid`, and what `operand` raises."""
    if len(text) > LENGTH_MAX:
        raise _invalid(f"it is longer than {LENGTH_MAX} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _invalid(getattr(error, "msg", None) or str(error)) from None
    compiler = _Compiler(text.strip(), units)
    evaluate = compiler.compile(tree.body)
    if not compiler.operands:
        raise _invalid("it names nothing of the venue")
    is_condition = isinstance(tree.body, ast.Compare | ast.BoolOp) or (
        isinstance(tree.body, ast.UnaryOp) and isinstance(tree.body.op, ast.Not)
    )
    return Expression(text, tuple(compiler.operands.values()), is_condition, evaluate)


def shown(value: Value) -> str | bool | None:
    """A value in plain digits if it has an end, else as a fraction."""
    if value is None or isinstance(value, bool):
        return value
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(value)
    digits = max((len(str(value.denominator)) * 4), 1)
    scaled = value * 10**digits
    return format(Decimal(f"{scaled.numerator}E-{digits}").normalize(), "f") if scaled else "0"


class _Compiler:
    def __init__(self, text: str, units: Units) -> None:
        self.operands: dict[str, Operand] = {}
        self._text = text
        self._units = units
        self._depth = 0

    def compile(self, node: ast.expr) -> Evaluate:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _invalid(f"it is nested more than {DEPTH_MAX} deep")
        compiled = self._compiled(node)
        self._depth -= 1
        return compiled

    def _compiled(self, node: ast.expr) -> Evaluate:
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.BinOp):
            return self._reckoned(node)
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._word(node)
        if isinstance(node, ast.Attribute):
            return self._operand(node)
        raise _invalid(f"{self._source(node)!r} is not part of the language")

    def _joined(self, node: ast.BoolOp) -> Evaluate:
        parts = [self.compile(part) for part in node.values]
        decides = isinstance(node.op, ast.Or)

        def evaluate(reading: Reading) -> Value:
            values = [_truth(part(reading)) for part in parts]
            return decides if decides in values else None if None in values else not decides

        return evaluate

    def _unary(self, node: ast.UnaryOp) -> Evaluate:
        part = self.compile(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda reading: None if (value := _truth(part(reading))) is None else not value
        if isinstance(node.op, ast.USub):
            return lambda reading: None if (value := _number_of(part(reading))) is None else -value
        raise _invalid(f"{self._source(node)!r} is not part of the language")

    def _compared(self, node: ast.Compare) -> Evaluate:
        unknown = [type(op) for op in node.ops if type(op) not in _COMPARED]
        if unknown:
            raise _invalid(f"{self._source(node)!r} compares in no way that is known")
        parts = [self.compile(part) for part in (node.left, *node.comparators)]
        tests = [_COMPARED[type(op)] for op in node.ops]

        def evaluate(reading: Reading) -> Value:
            values = [_number_of(part(reading)) for part in parts]
            found: list[bool] = []
            for test, left, right in zip(tests, values[:-1], values[1:], strict=True):
                if left is None or right is None:
                    return None
                found.append(test(left, right))
            return all(found)

        return evaluate

    def _reckoned(self, node: ast.BinOp) -> Evaluate:
        if type(node.op) not in _RECKONED:
            raise _invalid(f"{self._source(node)!r} is not part of the language")
        left, right, reckon = self.compile(node.left), self.compile(node.right), _RECKONED[type(node.op)]

        def evaluate(reading: Reading) -> Value:
            a, b = _number_of(left(reading)), _number_of(right(reading))
            if a is None or b is None or (b == 0 and reckon is operator.truediv):
                return None
            return reckon(a, b)

        return evaluate

    def _number(self, node: ast.Constant) -> Evaluate:
        text = self._source(node)
        if not _NUMBER.fullmatch(text):
            raise _invalid(f"{text} is no number here: numbers are exact, like 60000 or 0.05")
        value = Fraction(text)
        return lambda _: value

    def _word(self, node: ast.Name) -> Evaluate:
        word = node.id.lower()
        if word in ("true", "false"):
            return lambda _: word == "true"
        if word not in WORDS:
            raise _invalid(f"{node.id} is no word: the words are {', '.join(WORDS)}, true, false")
        value = Fraction(WORDS[word])
        return lambda _: value

    def _operand(self, node: ast.Attribute) -> Evaluate:
        name = self._source(node)
        found = self.operands.get(name) or operand(name, self._chain(node), self._units)
        self.operands[name] = found
        return found.read

    def _chain(self, node: ast.expr) -> list[Part]:
        if isinstance(node, ast.Attribute):
            return [*self._chain(node.value), (node.attr, None)]
        if isinstance(node, ast.Call) and not node.keywords:
            arguments = tuple(self._argument(part) for part in node.args)
            if isinstance(node.func, ast.Name):
                return [(node.func.id, arguments)]
            if isinstance(node.func, ast.Attribute):
                return [*self._chain(node.func.value), (node.func.attr, arguments)]
        if isinstance(node, ast.Name):
            return [(node.id, None)]
        raise _invalid(f"{self._source(node)!r} is not part of the language")

    def _argument(self, node: ast.expr) -> str:
        """A symbol or an id, as it is written: `BTC-PERP` needs no quotes, `'1INCH-PERP'` does."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self._source(node)

    def _source(self, node: ast.AST) -> str:
        return ast.get_source_segment(self._text, node) or ""


def _truth(value: Value) -> bool | None:
    """Whether something holds; a number is no truth, and holds if it is not 0."""
    return None if value is None else bool(value)


def _number_of(value: Value) -> Fraction | None:
    return None if value is None else Fraction(value)


def _invalid(why: str) -> ToolError:
    return ToolError(f"the expression cannot be read: {why}", code="expression_invalid", hint=HINT)
