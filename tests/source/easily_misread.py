"""Nets that are easily read as another one; each ends with `model`, and takes (3, 16, 16)."""

# ruff: noqa: E501 (lines of texts)

from tests.source.nets import net

CONV = "self.conv = nn.Conv2d(3, 4, 3)"
SAME = "self.conv = nn.Conv2d(3, 3, 3, padding=1)"
ROW = "self.conv = nn.Conv2d(3, 5, 16)"

MISREAD: dict[str, str] = {
    "reversed by another name": net(
        "turned = reversed\nself.net = nn.Sequential(*turned([nn.Conv2d(4, 5, 3), nn.Conv2d(3, 4, 3)]))",
        "return self.net(x)",
    ),
    "sorted by another name": net(
        "order = sorted\na, b = list(map(order, [[7, 4], [3]]))[0]\nself.conv = nn.Conv2d(3, a, 3)",
        "return self.conv(x)",
    ),
    "any by another name": net(
        "some = any\nself.conv = nn.Conv2d(3, 4 if some([0, 1]) else 5, 3)", "return self.conv(x)"
    ),
    "amax imported": net(CONV, "return amax(self.conv(x), (2, 3))", before="from torch import amax"),
    "mean imported by another name": net(
        CONV, "return av(self.conv(x), (2, 3))", before="from torch import mean as av"
    ),
    "max by getattr": net(CONV, "return getattr(torch, 'amax')(self.conv(x), dim=(2, 3))"),
    "pairs of one iterator": net(
        "it = iter([3, 4, 4, 6])\nself.net = nn.Sequential(*[nn.Conv2d(i, o, 3) for i, o in zip(it, it)])",
        "return self.net(x)",
    ),
    "pairs of one generator": net(
        "it = (n for n in [3, 4, 4, 6])\nself.net = nn.Sequential(*[nn.Conv2d(i, o, 3) for i, o in zip(it, it)])",
        "return self.net(x)",
    ),
    "a generator that sees what its reader changes": net(
        "self.k = 1\nself.parts = nn.ModuleList()\nfor part in self.make():\n    self.parts.append(part)\n    self.k += 2",
        "for part in self.parts:\n    x = part(x)\nreturn x\n\ndef make(self):\n"
        "    for _ in range(3):\n        yield nn.Conv2d(3, 3, self.k)",
    ).replace(
        "        def make(self):\n            for _ in range(3):\n                yield",
        "    def make(self):\n        for _ in range(3):\n            yield",
    ),
    "a generator that is gone through twice": net(
        "parts = (nn.Conv2d(3, 3, 3) for _ in range(2))\nself.a = nn.Sequential(*parts)\nself.b = nn.Sequential(*parts)",
        "return self.b(self.a(x))",
    ),
    "a generator made before what it reads changes": net(
        "k = 1\nparts = (nn.Conv2d(3, 3, k) for _ in range(2))\nk = 5\nself.a = nn.Sequential(*parts)",
        "return self.a(x)",
    ),
    "the first of a map, then the others": net(
        "parts = map(lambda k: nn.Conv2d(3, 3, k), (1, 3, 5))\nfirst = next(parts)\nself.net = nn.Sequential(*parts, first)",
        "return self.net(x)",
    ),
    "zip takes one more of the first": net(
        "it = iter([1, 3, 5, 7])\nlist(zip(it, 'ab'))\nself.conv = nn.Conv2d(3, 4, next(it))", "return self.conv(x)"
    ),
    "filter by truth": net(
        "self.net = nn.Sequential(*[nn.Conv2d(3, 3, k) for k in filter(None, (0, 3, None, 5))])", "return self.net(x)"
    ),
    "a list that grows while a loop goes through it": net(
        "parts = [nn.Conv2d(3, 3, 3)]\nfor part in parts:\n    if len(parts) < 3:\n        parts.append(nn.Conv2d(3, 3, 1))\n"
        "self.net = nn.Sequential(*parts)",
        "return self.net(x)",
    ),
    "a softmax along an axis of length 1": net(
        ROW, "x = self.conv(x).flatten(2).permute(0, 2, 1)\nreturn x.softmax(dim=1)"
    ),
    "a softmax along the row": net(
        ROW, "x = self.conv(x).flatten(2).permute(0, 2, 1)\nreturn x.softmax(dim=-1).squeeze(1)"
    ),
    "a row and a column added": net(ROW, "y = self.conv(x).flatten(2)\nx = y.permute(0, 2, 1)\nreturn x + y"),
    "the size of an axis that was moved": net(
        ROW + "\nself.out = nn.Conv2d(5, 2, 1)",
        "y = self.conv(x)\nn = y.flatten(2).transpose(1, 2).size(1)\nreturn y if n == 5 else self.out(y)",
    ),
    "the number of axes of a row": net(
        ROW + "\nself.out = nn.Linear(5, 2)",
        "y = self.conv(x).flatten(2).transpose(1, 2)\nreturn self.out(y.squeeze(1)) if y.dim() == 3 else y",
    ),
    "a norm over a moved axis": net(
        ROW + "\nself.norm = nn.BatchNorm1d(1)\nself.drop = nn.Dropout()",
        "y = self.drop(torch.transpose(self.conv(x).flatten(2), 1, 2))\nreturn self.norm(y).squeeze(1)",
    ),
    "a flattened row": net(
        ROW + "\nself.flat = nn.Flatten()\nself.out = nn.Linear(5, 2)",
        "return self.out(self.flat(torch.relu(self.conv(x).flatten(2).swapaxes(1, 2))))",
    ),
    "a row seen in three shapes": net(
        ROW + "\nself.out = nn.Linear(5, 2)",
        "y = self.conv(x).flatten(2).permute(0, 2, 1).reshape(x.size(0), 5, 1).permute(0, 2, 1)\nreturn self.out(y)[:, 0]",
    ),
    "one of three channels": net(SAME, "return self.conv(x)[:, 0]"),
    "some of three channels": net(SAME, "return self.conv(x)[:, 1:]"),
    "one sample of the batch": net(SAME, "return self.conv(x)[0]"),
    "the last column": net(SAME, "return self.conv(x)[..., -1]"),
    "one place": net(SAME, "return self.conv(x)[:, :, 3, -2]"),
    "a window": net(SAME, "return self.conv(x)[:, :, 2:-3, 1:9]"),
    "every third from the second": net(SAME, "return self.conv(x)[:, :, 1::3, ::2]"),
    "turned around": net(SAME, "return torch.tanh(self.conv(x)[:, :, :, 0:0])"),
    "a window that is changed in place": net(SAME, "x = self.conv(x)\ny = x[:, :, 1:]\nF.relu_(y)\nreturn x"),
    "a column that is changed in place": net(SAME, "x = self.conv(x)\nx[:, :, 0] += x[:, :, 1]\nreturn x"),
    "all of it changed in place": net(SAME, "x = self.conv(x)\ny = torch.tanh(x)\nx[:] += y\nreturn x"),
    "a factor stretched, then added": net(
        SAME + "\nself.gate = nn.Conv2d(3, 1, 1)", "y = self.conv(x)\nreturn y + self.gate(x).expand_as(y)"
    ),
    "a factor stretched, then returned": net(
        "self.gate = nn.Conv2d(3, 1, 1)", "return self.gate(x).expand(-1, 3, -1, -1)"
    ),
    "a factor stretched along the batch too": net(
        SAME + "\nself.gate = nn.Conv2d(3, 1, 1)", "g = self.gate(x).expand(x.size())\nreturn g * self.conv(x)"
    ),
    "two factors stretched": net(
        "self.a = nn.Conv2d(3, 1, 1)\nself.b = nn.Conv2d(3, 3, (1, 16))",
        "return self.a(x).expand_as(x) * self.b(x).expand_as(x)",
    ),
    "stacked and averaged": net(
        SAME + "\nself.b = nn.Conv2d(3, 3, 1)", "return torch.stack([self.conv(x), self.b(x)]).mean(0)"
    ),
    "stacked and summed over another axis": net(
        SAME + "\nself.b = nn.Conv2d(3, 3, 1)", "return torch.stack([self.conv(x), self.b(x)], 1).sum(2)"
    ),
    "stacked on axis 1 and summed": net(
        SAME + "\nself.b = nn.Conv2d(3, 3, 1)", "return torch.sum(torch.stack((self.conv(x), self.b(x)), 1), 1)"
    ),
    "stacked on the last axis and summed": net(
        SAME + "\nself.b = nn.Conv2d(3, 3, 1)", "return torch.stack((self.conv(x), self.b(x), x), -1).sum(axis=-1)"
    ),
    "an own method called apply": net(
        "self.k = 3\nself.apply(5)\nself.conv = nn.Conv2d(3, 4, self.k)",
        "return self.conv(x)\n\ndef apply(self, k):\n    self.k = k",
    ).replace("        def apply(self, k):\n            self.k", "    def apply(self, k):\n        self.k"),
    "a dataclass that works on its fields": net(
        "self.conv = nn.Conv2d(3, config.width, 3)",
        "return self.conv(x)",
        "config",
        before="@dataclass\nclass Config:\n    width: int = 4\n\n    def __post_init__(self):\n        self.width *= 2",
        call="Config()",
    ),
    "a dataclass with lists of its own": net(
        "config.widths.append(7)\nself.conv = nn.Conv2d(3, Config().widths[-1], 3)",
        "return self.conv(x)",
        "config",
        before="@dataclass\nclass Config:\n    widths: list = field(default_factory=lambda: [4, 5])",
        call="Config()",
    ),
    "a module put into _modules": net(SAME, "return self.conv(x)").replace(
        "\n\n    def forward", "\n        self._modules['conv'] = nn.Conv2d(3, 5, 3)\n\n    def forward"
    ),
    "a module that was set to None": net(
        SAME + "\nself.act = nn.Tanh()\nself.act = None\nself.last = None",
        "for name, part in self._modules.items():\n    x = part(x) if part is not None else torch.relu(x)\nreturn x",
    ),
    "a case with a guard": net(
        "width = 4\nmatch (3, 8):\n    case (k, width) if width > 10:\n        k = 1\n    case (k, _):\n        pass\n"
        "self.conv = nn.Conv2d(3, width, k)",
        "return self.conv(x)",
    ),
    "a case for truth": net(
        "match 1:\n    case True:\n        k = 1\n    case 1:\n        k = 3\nself.conv = nn.Conv2d(3, 4, k)",
        "return self.conv(x)",
    ),
    "a case for a class of one's own": net(
        "match spec:\n    case Spec(k):\n        pass\nself.conv = nn.Conv2d(3, 4, k)",
        "return self.conv(x)",
        "spec",
        before="from typing import NamedTuple\n\n\nclass Spec(NamedTuple):\n    k: int\n    n: int = 1",
        call="Spec(5)",
    ),
    "a case for a list of any length": net(
        "match [3, 5, 7]:\n    case [first, *_, last]:\n        k = last - first\n    case _:\n        k = 1\n"
        "self.conv = nn.Conv2d(3, 4, k + 1)",
        "return self.conv(x)",
    ),
    "named tuples compared": net(
        "self.conv = nn.Conv2d(3, 4, 3 if Spec(3, 1) == (3, 1) else 5)",
        "return self.conv(x)",
        before="from collections import namedtuple\n\nSpec = namedtuple('Spec', 'k n')",
    ),
    "clamped between numbers that cross": net(SAME, "return self.conv(x).clamp(1, -1)"),
    "clamped above alone": net(SAME, "return torch.clamp(self.conv(x), max=0.5)"),
    "clamped by a tensor": net(SAME, "return torch.clamp(self.conv(x), min=x)"),
    "clamped in place through a view": net(
        SAME, "x = self.conv(x)\ny = x.view(x.size(0), -1)\ny.clamp_(0, 1)\nreturn x"
    ),
    "added in place through a view": net(SAME, "x = self.conv(x)\ny = x[:, :]\ny.add_(x)\nreturn y"),
    "a sum with a factor": net(SAME, "return torch.add(x, self.conv(x), alpha=0.5)"),
    "a sum with a factor in place": net(SAME, "x = torch.tanh(x)\nx.add_(self.conv(x), alpha=2)\nreturn x"),
    "a layer printed away": net(
        "parts = [nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 5)]\nprint(parts.pop())\nself.net = nn.Sequential(*parts)",
        "return self.net(x)",
    ),
    "a layer logged away": net(
        "parts = [nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 5)]\nlog.info(parts.pop())\nself.net = nn.Sequential(*parts)",
        "return self.net(x)",
        before="import logging\n\nlog = logging.getLogger(__name__)",
    ),
    "a reduce from the right start": net(
        "from functools import reduce\nself.conv = nn.Conv2d(3, reduce(lambda a, b: a - b, [9, 2, 1], 20), 3)",
        "return self.conv(x)",
        before="from functools import reduce",
    ),
    "a star in the middle": net(
        "first, *others, last = (1, 3, 5, 7)\nself.net = nn.Sequential(*[nn.Conv2d(3, 3, k) for k in [last, *others]])",
        "return self.net(x)",
    ),
    "a factor stretched, then flattened": net(
        "self.gate = nn.Conv2d(3, 1, 1)", "return self.gate(x).expand(-1, 3, -1, -1).flatten(1)"
    ),
    "nearly a hard sigmoid": net(SAME, "return F.relu6(self.conv(x) + 3) / 3"),
    "a hard sigmoid without its six": net(SAME, "return F.relu6(self.conv(x) + 3)"),
    "a hard sigmoid of another bound": net(SAME, "return F.relu(self.conv(x) + 3) / 6"),
    "a hard sigmoid, step by step": net(
        "self.conv = nn.Conv2d(3, 3, 3)\nself.act = nn.ReLU6(inplace=True)",
        "x = self.conv(x)\ny = x + 3.0\ny = self.act(y)\ny = y * (1 / 6)\nreturn y * x",
    ),
    "a hard swish of two tensors": net(SAME, "y = self.conv(x)\nreturn x * F.relu6(y + 3) / 6"),
    "a hard swish halved": net(SAME, "x = self.conv(x)\nreturn x * F.relu6(x + 3) / 12"),
    "three added, and a sum": net(SAME, "y = self.conv(x) + 3\nreturn y + x"),
    "nothing added": net(
        SAME, "y = 0\nfor _ in range(2):\n    y = y + x\n    x = self.conv(x) if _ == 0 else x\nreturn y"
    ),
    "groups swapped, not joined": net(
        "self.conv = nn.Conv2d(3, 4, 3)", "x = self.conv(x).unflatten(1, (2, 2))\nreturn x.transpose(1, 2)"
    ),
    "groups swapped twice": net(
        "self.conv = nn.Conv2d(3, 6, 3)",
        "x = self.conv(x).view(x.size(0), 2, 3, 14, 14).transpose(1, 2).transpose(1, 2)\nreturn x.reshape(-1, 6, 14, 14)",
    ),
    "groups swapped, joined otherwise": net(
        "self.conv = nn.Conv2d(3, 6, 3)",
        "x = self.conv(x).view(x.size(0), 2, 3, 14, 14).transpose(1, 2)\nreturn x.flatten(1)",
    ),
    "groups swapped and activated": net(
        "self.conv = nn.Conv2d(3, 6, 3)",
        "x = self.conv(x).view(x.size(0), 2, 3, 14, 14).transpose(1, 2)\nreturn torch.tanh(x).reshape(-1, 6, 14, 14)",
    ),
    "groups swapped with the height": net(
        "self.conv = nn.Conv2d(3, 6, 3)",
        "x = self.conv(x).view(x.size(0), 2, 3, 14, 14).transpose(1, 3)\nreturn x.reshape(-1, 6, 14, 14)",
    ),
    "one number for each sample": net(
        "self.conv = nn.Conv2d(3, 1, 16)", "return torch.sigmoid(self.conv(x)).view(-1, 1).squeeze(1)"
    ),
    "one number for each sample, times the input": net(
        "self.conv = nn.Conv2d(3, 1, 16)", "y = self.conv(x).view(-1)\nreturn x * y"
    ),
    "one number for each sample, activated": net(
        "self.conv = nn.Conv2d(3, 1, 16)", "y = self.conv(x).squeeze()\nreturn torch.softmax(y, 0)"
    ),
    "bits": net("n = (1 << 3) | 2 ^ 1 & 7 >> 1\nself.conv = nn.Conv2d(3, n, 3)", "return self.conv(x)"),
    "probabilities along another axis": net(CONV, "x = self.conv(x)\nreturn F.softmax(x, dim=2), x"),
    "features and scores": net(
        CONV + "\nself.out = nn.Linear(4, 2)",
        "x = self.conv(x).mean((2, 3))\nscores = self.out(x)\nreturn scores, x, F.log_softmax(scores, 1)",
    ),
}
"""Texts by what is special in them."""
