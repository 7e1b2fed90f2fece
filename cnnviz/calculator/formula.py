r"""The shape rule in LaTeX, as in textbooks and with a student's numbers, down to the rounding step."""

from fractions import Fraction

from cnnviz.calculator.operation import WindowRule
from cnnviz.windows import Indices, TransposedWindow, Window
from cnnviz.words import count_label

PARAMETER_COLOURS = {
    "k": ("#1D6FB8", "#56B4E9"),
    "s": ("#B8530A", "#F0913F"),
    "p": ("#0F7A5A", "#2BC79A"),
    "d": ("#A83D82", "#E39AC4"),
    "o": ("#6A55C9", "#B9A3F5"),
}
"""Colours on a light and on a dark page of kernel_size, stride, padding, dilation and output_padding, the same in the
formula and in the drawing. The LaTeX always has the first colour; the page replaces it if it is dark."""


def general_formula(rule: WindowRule) -> str:
    """Writes the rule in LaTeX, with letters.

    Sources: Dumoulin & Visin, "A guide to convolution arithmetic"; torch.nn.Conv2d, MaxPool2d and ConvTranspose2d.
    """
    k, s, d = (_in_colour(letter, letter) for letter in "ksd")
    p, o = _in_colour("p", "p"), _in_colour("o", r"\text{output\_padding}")
    if isinstance(rule, TransposedWindow):
        return rf"\text{{out}} = (\text{{in}} - 1)\,{s} - 2{p} + {d}\,({k} - 1) + {o} + 1"
    padding = (
        f"2{p}" if rule.padding[0] == rule.padding[1] else _in_colour("p", r"p_{\text{before}} + p_{\text{after}}")
    )
    quotient = rf"\dfrac{{\text{{in}} + {padding} - {d}\,({k} - 1) - 1}}{{{s}}}"
    return rf"\text{{out}} = {_floor_or_ceil(quotient, rule)} + 1"


def letter_legend() -> str:
    """Returns a legend of the letters in the rule and their parameters, in Markdown with LaTeX."""
    names = {"k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation"}
    return ", ".join(f"${_in_colour(letter, letter)}$ {name}" for letter, name in names.items())


def textbook_note(rule: WindowRule) -> str:
    """Returns how the rule looks at a dilation of 1, as the Design page and most textbooks write it; may be empty."""
    if isinstance(rule, TransposedWindow) or rule.dilation > 1:
        return ""
    padding = "+ 2p" if rule.padding[0] == rule.padding[1] else r"+ p_{\text{before}} + p_{\text{after}}"
    short = _floor_or_ceil(rf"(\text{{in}} {padding} - k) / s", rule)
    return f" At a dilation of 1, this is ${short} + 1$, as on the Design page."


def worked_formula(rule: WindowRule, size: int, axis: str) -> str:
    r"""Writes the rule in LaTeX with the numbers along one axis, one line per step of the calculation.

    >>> print(worked_formula(TransposedWindow(2, stride=2), 3, "length").rpartition("&=")[2])
     4 - 0 + 1 + 0 + 1 = \mathbf{6}\end{aligned}
    """
    lines = _transposed_lines(rule, size) if isinstance(rule, TransposedWindow) else _window_lines(rule, size)
    out = rf"\mathbf{{{rule.out_size(size, axis)}}}"
    equal = r" \\ &= ".join(lines)
    return rf"\begin{{aligned}}{axis[0].upper()}_{{\text{{out}}}} &= {equal} = {out}\end{{aligned}}"


def explain_rounding(rule: WindowRule, size: int, axis: str) -> str:
    """Explains what rounding does along this axis, and which samples are never read.

    >>> explain_rounding(Window(4, stride=4), 17, "width").split(". ")[1]
    'The last of the 17 samples of the width is never read.'
    """
    if isinstance(rule, TransposedWindow):
        return _transposed_sentence(rule, size)
    rest = size + sum(rule.padding) - rule.extent
    remainder = rest % rule.stride
    sentence = f"{rest} / {rule.stride} leaves no remainder: the last window ends exactly where the {axis} does"
    sentence += ", padding included." if rule.padding[1] else "."
    if remainder and rule.ceil_mode:
        sentence = _ceil_mode_sentence(rule, size, rest)
    elif remainder:
        sentence = (
            f"{rest} / {rule.stride} leaves a remainder of {remainder}: after the last window there"
            f" {'is' if remainder == 1 else 'are'} {count_label(remainder, 'sample')}, too few for another step of"
            f" {rule.stride}."
        )
    unread = rule.never_read(size)
    if len(unread):
        return f"{sentence} {_unread_sentence(rule, size, axis, unread)}"
    return f"{sentence} Only padding is left over: every sample of the {axis} is read." if remainder else sentence


def decimal_quotient(rest: int, stride: int) -> str:
    r"""Writes a quotient as a decimal number in LaTeX.

    >>> decimal_quotient(13, 4), decimal_quotient(8, 3), decimal_quotient(-1, 2)
    ('3.25', '2.666\\ldots', '-0.5')
    """
    sign = "-" if rest < 0 else ""
    integer, thousandths = divmod(abs(rest) * 1000 // stride, 1000)
    exact = f"{sign}{integer}.{thousandths:03d}"
    return exact.rstrip("0").rstrip(".") if Fraction(exact) == Fraction(rest, stride) else rf"{exact}\ldots"


def _window_lines(rule: Window, size: int) -> list[str]:
    before, after = rule.padding
    padding = rf"2\cdot {_in_colour('p', before)}" if before == after else _in_colour("p", f"{before} + {after}")
    dilated = rf"{_in_colour('d', rule.dilation)}\cdot({_in_colour('k', rule.kernel_size)} - 1)"
    stride = _in_colour("s", rule.stride)
    rest = size + before + after - rule.extent
    first = rf"\dfrac{{{size} + {padding} - {dilated} - 1}}{{{stride}}}"
    second = rf"\dfrac{{{rest}}}{{{stride}}}"
    whole = -(-rest // rule.stride) if rule.ceil_mode else rest // rule.stride
    more = " + 1 - 1" if rule.out_size(size) == whole else " + 1"
    return [
        _floor_or_ceil(first, rule) + more,
        f"{_floor_or_ceil(second, rule)}{more} = {_floor_or_ceil(decimal_quotient(rest, rule.stride), rule)}{more}",
        f"{whole}{more}",
    ]


def _transposed_lines(rule: TransposedWindow, size: int) -> list[str]:
    spread = rf"({size} - 1)\cdot {_in_colour('s', rule.stride)}"
    dilated = rf"{_in_colour('d', rule.dilation)}\cdot({_in_colour('k', rule.kernel_size)} - 1)"
    cut = rf"2\cdot {_in_colour('p', rule.padding)}"
    return [
        f"{spread} - {cut} + {dilated} + {_in_colour('o', rule.output_padding)} + 1",
        f"{(size - 1) * rule.stride} - {2 * rule.padding} + {rule.extent - 1} + {rule.output_padding} + 1",
    ]


def _floor_or_ceil(content: str, rule: Window) -> str:
    side = "ceil" if rule.ceil_mode else "floor"
    return rf"\left\l{side} {content} \right\r{side}"


def _in_colour(letter: str, text: object) -> str:
    return rf"\textcolor{{{PARAMETER_COLOURS[letter][0]}}}{{{text}}}"


def _unread_sentence(rule: Window, size: int, axis: str, unread: Indices) -> str:
    count = len(unread)
    if unread[0] == size - count:  # nothing before the end
        which, verb = ("last", "is") if count == 1 else (f"last {count}", "are")
        return f"The {which} of the {size} samples of the {axis} {verb} never read."
    if rule.stride > rule.extent:
        why = "the stride is longer than the window"
    elif rule.dilation > 1:
        why = "the dilated window steps over them"
    else:
        why = "no window stands over them"
    return f"{count} of the {size} samples of the {axis} {'is' if count == 1 else 'are'} never read: {why}."


def _ceil_mode_sentence(rule: Window, size: int, rest: int) -> str:
    if rule.out_size(size) == -(-rest // rule.stride):
        return "After rounding up, the last window would start in the padding after the input, so torch leaves it out."
    over = rule.stride - rest % rule.stride
    return (
        f"After rounding up, the last window extends {over} past the end; the part of it outside the input does not"
        " count."
    )


def _transposed_sentence(rule: TransposedWindow, size: int) -> str:
    least = (size - 1) * rule.stride - 2 * rule.padding + rule.extent
    out, most = rule.out_size(size), least + rule.stride - 1
    if rule.stride == 1:
        added = f" output_padding adds {count_label(rule.output_padding, 'sample')}." if rule.output_padding else ""
        return f"Nothing is rounded: a stride of 1 leaves no choice.{added}"
    if most < 1:
        inverse = f"no size that a convolution with the same numbers turns into {size}"
        return f"Nothing is rounded here. In the other direction, there is {inverse}."
    sizes = f"the size {most}" if max(least, 1) == most else f"every size from {max(least, 1)} to {most}"
    chosen = "chooses one of them" if out <= most else f"gives {out} instead, as it is not smaller than the stride"
    return (
        "Nothing is rounded here. In the other direction, a convolution with the same numbers turns"
        f" {sizes} into {size}; output_padding {chosen}."
    )
