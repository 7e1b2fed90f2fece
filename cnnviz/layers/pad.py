"""Padding as a layer of its own: samples added around a sample, or cut off."""

from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from cnnviz.errors import ShapeError
from cnnviz.layers.base import Layer, NonNegativeInt
from cnnviz.layers.window import expect_axes, output_sizes
from cnnviz.shapes import AXES, Shape
from cnnviz.windows import AxisRule, PaddedAxis, PaddingMode

Pads = TypeVar("Pads")
PadSize = NonNegativeInt
Pads1d = PadSize | Annotated[tuple[PadSize, PadSize], Field(strict=False)]
"""Samples on both ends, or (before, after)."""
Pads2d = PadSize | Annotated[tuple[PadSize, PadSize, PadSize, PadSize], Field(strict=False)]
"""Samples on all four sides, or (left, right, top, bottom)."""
Pads3d = PadSize | Annotated[tuple[PadSize, PadSize, PadSize, PadSize, PadSize, PadSize], Field(strict=False)]
"""Samples on all six sides, or (left, right, top, bottom, front, back)."""
CutSize = Annotated[int, Field(ge=-65_536, le=65_536)]
"""Samples that are added, or, below 0, cut off."""
Cuts1d = CutSize | Annotated[tuple[CutSize, CutSize], Field(strict=False)]
Cuts2d = CutSize | Annotated[tuple[CutSize, CutSize, CutSize, CutSize], Field(strict=False)]
Cuts3d = CutSize | Annotated[tuple[CutSize, CutSize, CutSize, CutSize, CutSize, CutSize], Field(strict=False)]


class Pad(Layer, Generic[Pads]):
    """Samples added around a sample with `axes` axes behind the channels.

    Source: https://pytorch.org/docs/stable/nn.html#padding-layers
    """

    prefix: ClassVar[str] = "pad"
    axes: ClassVar[int]
    padding_mode: ClassVar[PaddingMode] = "zeros"

    padding: Pads = Field(
        description="Samples added on every side, or in torch's order: left, right, top, bottom, front, back.",
        examples=[1],
    )

    def output_shape(self, shape: Shape) -> Shape:
        """(C, …) → (C, …), each further axis longer by what is added before and after it.

        >>> ZeroPad2d(padding=(1, 2, 0, 0)).output_shape((10, 90, 17))
        (10, 90, 20)
        """
        expect_axes(shape, self.axes + 1)
        for axis, size, rule in zip(AXES[len(shape)][1:], shape[1:], self._rules(), strict=True):
            limit = {"reflect": size - 1, "circular": size}.get(self.padding_mode)
            if limit is not None and max(rule.before, rule.after) > limit:
                raise ShapeError(
                    f"can add at most {limit} to a {axis} of {size}, not {max(rule.before, rule.after)}",
                    *([{"padding": limit}] if limit else []),
                    {"kind": f"ReplicationPad{self.axes}d"},
                )
        return (shape[0], *output_sizes(self._rules(), shape))

    def axis_rules(self, shape: Shape) -> tuple[AxisRule, ...]:
        """Returns what is added to each axis."""
        return self._rules()

    def _rules(self) -> tuple[PaddedAxis, ...]:
        given = self.padding
        sides = given if isinstance(given, tuple) else (given,) * 2 * self.axes
        pairs = list(zip(sides[::2], sides[1::2], strict=True))
        return tuple(PaddedAxis(before, after, self.padding_mode) for before, after in reversed(pairs))


class ZeroPad(Pad[Pads], Generic[Pads]):
    """Zeros around a sample; negative numbers cut samples off."""

    summary: ClassVar[str] = "Adds zeros around the sample, as many on each side as you like."


class ConstantPad(Pad[Pads], Generic[Pads]):
    """One number around a sample; negative sizes cut samples off."""

    summary: ClassVar[str] = "Adds the same number everywhere around the sample."

    value: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(description="The number that is added.", examples=[0.0])


class ReflectionPad(Pad[Pads], Generic[Pads]):
    """A sample continued by its mirror image."""

    summary: ClassVar[str] = "Continues the sample around its edges by its mirror image."
    padding_mode: ClassVar[PaddingMode] = "reflect"


class ReplicationPad(Pad[Pads], Generic[Pads]):
    """A sample continued by its edges."""

    summary: ClassVar[str] = "Continues the sample around its edges by their own values."
    padding_mode: ClassVar[PaddingMode] = "replicate"


class CircularPad(Pad[Pads], Generic[Pads]):
    """A sample continued by its opposite end."""

    summary: ClassVar[str] = "Continues the sample around its edges from the opposite edge."
    padding_mode: ClassVar[PaddingMode] = "circular"


class ZeroPad1d(ZeroPad[Cuts1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["ZeroPad1d"] = "ZeroPad1d"


class ZeroPad2d(ZeroPad[Cuts2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["ZeroPad2d"] = "ZeroPad2d"


class ZeroPad3d(ZeroPad[Cuts3d]):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["ZeroPad3d"] = "ZeroPad3d"


class ConstantPad1d(ConstantPad[Cuts1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["ConstantPad1d"] = "ConstantPad1d"


class ConstantPad2d(ConstantPad[Cuts2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["ConstantPad2d"] = "ConstantPad2d"


class ConstantPad3d(ConstantPad[Cuts3d]):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["ConstantPad3d"] = "ConstantPad3d"


class ReflectionPad1d(ReflectionPad[Pads1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["ReflectionPad1d"] = "ReflectionPad1d"


class ReflectionPad2d(ReflectionPad[Pads2d]):
    """(C, H, W) → (C, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """

    axes: ClassVar[int] = 2

    kind: Literal["ReflectionPad2d"] = "ReflectionPad2d"


class ReflectionPad3d(ReflectionPad[Pads3d]):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["ReflectionPad3d"] = "ReflectionPad3d"


class ReplicationPad1d(ReplicationPad[Pads1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["ReplicationPad1d"] = "ReplicationPad1d"


class ReplicationPad2d(ReplicationPad[Pads2d]):
    """(C, H, W) → (C, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
    """

    axes: ClassVar[int] = 2

    kind: Literal["ReplicationPad2d"] = "ReplicationPad2d"


class ReplicationPad3d(ReplicationPad[Pads3d]):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["ReplicationPad3d"] = "ReplicationPad3d"


class CircularPad1d(CircularPad[Pads1d]):
    """(C, L) → (C, L_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html"""

    axes: ClassVar[int] = 1

    kind: Literal["CircularPad1d"] = "CircularPad1d"


class CircularPad2d(CircularPad[Pads2d]):
    """(C, H, W) → (C, H_out, W_out). Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html"""

    axes: ClassVar[int] = 2

    kind: Literal["CircularPad2d"] = "CircularPad2d"


class CircularPad3d(CircularPad[Pads3d]):
    """(C, D, H, W) → (C, D_out, H_out, W_out).

    Source: https://pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """

    axes: ClassVar[int] = 3

    kind: Literal["CircularPad3d"] = "CircularPad3d"


KINDS: tuple[type[Layer], ...] = (
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
)
"""The kinds in this file, in the order in which the palette shows them."""
