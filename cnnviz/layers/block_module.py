"""The torch module of every block: stacks that read the same input, and the join of their outputs."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from cnnviz.layers.join import Join


class BlockModule(nn.Module):
    """Runs stacks on the same input and joins what comes out of them.

    Each stack is a submodule under the name of its field, several in one field as a list, so that the keys of the
    state dict are `layers.0.weight` and `branches.1.0.weight`.
    """

    def __init__(self, fields: Mapping[str, nn.Module | Sequence[nn.Module]], join: Join) -> None:
        super().__init__()
        self.join = join
        self.field_names = tuple(fields)
        for name, stacks in fields.items():
            self.add_module(name, stacks if isinstance(stacks, nn.Module) else nn.ModuleList(stacks))

    @property
    def stacks(self) -> tuple[nn.Module, ...]:
        """The module of every stack, in the order of the block's `stacks`."""
        modules: list[nn.Module] = []
        for name in self.field_names:
            module = self.get_submodule(name)
            modules.extend(module if isinstance(module, nn.ModuleList) else [module])
        return tuple(modules)

    def forward(self, x: Tensor) -> Tensor:
        """(N, …) → (N, …)."""
        return self.join.tensors([stack(x) for stack in self.stacks])
