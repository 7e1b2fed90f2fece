"""Nets in the manner of tutorials and courses, one for each construct that people use; each ends with `model`."""

# ruff: noqa: E501 (lines of texts)

HEAD = """
import argparse
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
"""


def net(init: str, forward: str, parameters: str = "", before: str = "", call: str = "") -> str:
    """A class with these lines in __init__ and forward, and a model of it."""

    def indented(text: str) -> str:
        return "\n".join(f"        {line}" for line in text.splitlines())

    signature = f"self, {parameters}" if parameters else "self"
    return (
        f"{before}\n\n\nclass Net(nn.Module):\n    def __init__({signature}):\n        super().__init__()\n"
        f"{indented(init)}\n\n    def forward(self, x):\n{indented(forward)}\n\n\nmodel = Net({call})\n"
    )


CONV = "self.conv = nn.Conv2d(3, {}, 3)"
PLAIN = "return self.conv(x)"

NETS: dict[str, str] = {
    "int of a quotient": net("self.conv = nn.Conv2d(3, int(16 / 2), 3)", PLAIN),
    "numbers": net(
        "width = round(7.6) + 17 % 5 - 3 ** 2 // 4 + abs(-1)\n" + CONV.format("max(2, min(width, 64))"), PLAIN
    ),
    "math": net(
        "n = 16\nfor k in (3, 5):\n    n = math.floor((n - k) / 2 + 1)\nself.a = nn.Conv2d(3, 4, 3, 2)\n"
        "self.b = nn.Conv2d(4, 5, 5, 2)\nself.out = nn.Linear(5 * n * n, math.ceil(math.sqrt(8)))",
        "x = self.b(self.a(x))\nreturn self.out(x.view(x.size(0), -1))",
    ),
    "a probe under no_grad": net(
        "self.conv = nn.Conv2d(3, 4, 3)\nwith torch.no_grad():\n    n = self.conv(torch.zeros(1, 3, 16, 16)).numel()\n"
        "self.out = nn.Linear(n, 2)",
        "return self.out(self.conv(x).flatten(1))",
    ),
    "a probe in a method": net(
        "self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))\n"
        "self.out = nn.Linear(self._size((3, 16, 16)), 2)",
        "x = self.features(x)\nreturn self.out(torch.flatten(x, 1))\n\n"
        "def _size(self, shape):\n    x = torch.rand(1, *shape)\n    x = self.features(x)\n"
        "    return int(np.prod(x.size()[1:]))",
    )
    .replace("        def _size", "    def _size")
    .replace("            x = torch.rand", "        x = torch.rand")
    .replace(
        "            x = self.features(x)\n            return int", "        x = self.features(x)\n        return int"
    ),
    "a probe viewed": net(
        "self.conv = nn.Conv2d(3, 4, 5, stride=2)\nx = torch.randn(2, 3, 16, 16)\n"
        "n = self.conv(x).view(2, -1).shape[1]\nself.out = nn.Linear(n, 3)",
        "return self.out(self.conv(x).reshape(x.shape[0], -1))",
    ),
    "a buffer": net("self.register_buffer('probe', torch.zeros(1))\n" + CONV.format(4), PLAIN),
    "keyword arguments passed on": net(
        "self.unit = unit(3, 8, kernel_size=3, padding=1)",
        "return self.unit(x)",
        before="def unit(i, o, **more):\n    return nn.Sequential(nn.Conv2d(i, o, bias=False, **more), nn.ReLU())",
    ),
    "arguments passed on": net(
        "self.net = nn.Sequential(*stack(3, 4, 5))",
        "return self.net(x)",
        before="def stack(*widths, act=nn.ReLU):\n    layers = []\n    for i, o in zip(widths[:-1], widths[1:]):\n"
        "        layers += [nn.Conv2d(i, o, 3), act()]\n    return layers",
    ),
    "settings as a dict": net(
        "self.conv = nn.Conv2d(**settings)",
        PLAIN,
        before="settings = {'in_channels': 3, 'out_channels': 4, 'kernel_size': 3}",
    ),
    "settings looked up": net(
        "self.conv = nn.Conv2d(3, config['width'], config.get('kernel', 3))", PLAIN, "config", call="{'width': 6}"
    ),
    "a dataclass": net(
        "self.conv = nn.Conv2d(3, config.width, config.kernel)",
        PLAIN,
        "config",
        before="@dataclass\nclass Config:\n    width: int = 4\n    kernel: int = 3\n    notes: str = field(default='')",
        call="Config(width=7)",
    ),
    "a class of settings": net(
        "self.conv = nn.Conv2d(3, Config.width, Config.kernel)",
        PLAIN,
        before="class Config:\n    width = 4\n    kernel = 5",
    ),
    "a namespace": net("self.conv = nn.Conv2d(3, args.width, 3)", PLAIN, "args", call="SimpleNamespace(width=5)"),
    "the command line": net(
        "self.conv = nn.Conv2d(3, args.hidden_units, args.k)",
        PLAIN,
        "args",
        before="parser = argparse.ArgumentParser()\nparser.add_argument('--hidden-units', type=int, default=6)\n"
        "parser.add_argument('-k', default=3, type=int)\nparser.add_argument('--cuda', action='store_true')\n"
        "args = parser.parse_args([])",
        call="args",
    ),
    "a base with helpers": "class Base(nn.Module):\n    def save(self):\n        torch.save(self.state_dict(), 0)\n\n\n"
    + net(CONV.format(4), PLAIN).strip().replace("(nn.Module)", "(Base)"),
    "a base that is overridden": "class Parent(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, 4, 3)\n\n    def forward(self, x):\n        return self.conv(x)\n\n\n"
    "class Child(Parent):\n    def __init__(self):\n        super().__init__()\n        self.conv = nn.Conv2d(3, 9, 3)\n\n\n"
    "model = Child()",
    "a base with arguments": "class Parent(nn.Module):\n    def __init__(self, width, act=nn.ReLU):\n"
    "        super(Parent, self).__init__()\n        self.conv = nn.Conv2d(3, width, 3)\n        self.act = act()\n\n"
    "    def features(self, x):\n        return self.act(self.conv(x))\n\n    def forward(self, x):\n"
    "        return self.features(x)\n\n\nclass Child(Parent):\n    def __init__(self, classes):\n"
    "        super(Child, self).__init__(width=5, act=nn.Tanh)\n        self.out = nn.Linear(5, classes)\n\n"
    "    def forward(self, x):\n        x = super().forward(x)\n        return self.out(x.mean([2, 3]))\n\n\nmodel = Child(3)",
    "a Sequential of one's own": "class ConvBNReLU(nn.Sequential):\n    def __init__(self, i, o, k=3, stride=1):\n"
    "        padding = (k - 1) // 2\n        super().__init__(\n            nn.Conv2d(i, o, k, stride, padding, bias=False),\n"
    "            nn.BatchNorm2d(o),\n            nn.ReLU6(inplace=True),\n        )\n\n\n"
    "model = nn.Sequential(ConvBNReLU(3, 4), ConvBNReLU(4, 6, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2))",
    "a diamond of bases": "class Base(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, 4, 3)\n\n    def act(self, x):\n        return torch.relu(x)\n\n    def forward(self, x):\n"
    "        return self.act(self.conv(x))\n\n\nclass Left(Base):\n    pass\n\n\nclass Right(Base):\n    def act(self, x):\n"
    "        return torch.tanh(x)\n\n\nclass Both(Left, Right):\n    pass\n\n\nmodel = Both()",
    "a Sequential that gets attributes": "class Unit(nn.Sequential):\n    def __init__(self, i, o):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(i, o, 3)\n        self.act = nn.Tanh()\n        self.add_module('down', nn.Conv2d(o, o, 1))\n"
    "        self.act = nn.ReLU()\n\n\nmodel = nn.Sequential(Unit(3, 4), nn.Tanh())",
    "what a class says is None": net(
        "self.conv = nn.Conv2d(3, 4 if hasattr(self, 'norm') else 5, 3)\nif self.norm is None:\n    self.act = nn.Tanh()",
        "return self.act(self.conv(x)) if getattr(self, 'last', 1) is None else x",
    ).replace("class Net(nn.Module):\n", "class Net(nn.Module):\n    norm = None\n    last = None\n\n"),
    "kinds of values": net(
        "parts = [nn.Identity(), nn.Sequential(nn.Tanh()), nn.ModuleList([nn.ReLU()]), nn.Tanh()]\n"
        "n = 2 * int(isinstance(True, int)) + int(isinstance(parts[0], nn.Sequential))\n"
        "n += 4 * int(isinstance(parts[1], nn.Sequential)) + 32 * int(isinstance(nn.Tanh(), nn.ReLU))\n"
        "n += 8 * int(isinstance(parts[2], list)) + 16 * int(isinstance(parts[2], nn.Module))\n"
        "n += int(isinstance(parts[0], nn.Identity))\n"
        "self.conv = nn.Conv2d(3, n, 3)",
        PLAIN,
    ),
    "children, each once": net(
        "self.a = nn.Tanh()\nself.b = self.a\nself.conv = nn.Conv2d(3, 4, 3)\nself.net = nn.Sequential(self.a, self.a)",
        "for child in self.children():\n    x = child(x)\nfor child in self.net.children():\n    x = child(x)\nreturn x",
    ),
    "functions from a comprehension": net(
        "makers = [lambda o: nn.Conv2d(3, o, k) for k in (1, 3, 5)]\nself.conv = makers[0](4)", PLAIN
    ),
    "a loop over a batch outside": net(CONV.format(4), PLAIN)
    + "x = torch.randn(2, 3, 16, 16)\nfor _ in range(1000):\n    y = model(x)\n",
    "while": net(
        "layers, n = [], 2\nwhile n:\n    layers.append(nn.Conv2d(3, 3, 3))\n    n -= 1\nself.parts = nn.Sequential(*layers)",
        "return self.parts(x)",
    ),
    "break and continue": net(
        "layers, i = [], 3\nfor o in (4, 0, 5, 99):\n    if not o:\n        continue\n    if o > 50:\n        break\n"
        "    layers.append(nn.Conv2d(i, o, 3))\n    i = o\nself.parts = nn.ModuleList(layers)",
        "for part in self.parts:\n    x = F.relu(part(x))\nreturn x",
    ),
    "enumerate and zip": net(
        "widths = [3, 4, 5]\nself.parts = nn.ModuleList([nn.Conv2d(i, o, k) for i, o, k in zip(widths, widths[1:], (3, 5))])",
        "for number, part in enumerate(self.parts):\n    x = part(x)\n    if number < len(self.parts) - 1:\n        x = torch.relu(x)\n"
        "return x",
    ),
    "comprehensions with conditions": net(
        "self.net = nn.Sequential(*[nn.Conv2d(3, 3, k) for k in range(1, 6) if k % 2 and k > 1])", "return self.net(x)"
    ),
    "modules in a dict": net(
        "self.acts = nn.ModuleDict({'relu': nn.ReLU(), 'tanh': nn.Tanh()})\n" + CONV.format(4),
        "return self.acts['tanh'](self.conv(x))",
    ),
    "isinstance and hasattr": net(
        "width = 8\nwidth = width if isinstance(width, int) else width[0]\n" + CONV.format("width"),
        "return self.conv(x) if hasattr(self, 'conv') else x",
    ),
    "attributes by name": net(
        "for i in range(2):\n    setattr(self, f'conv{i}', nn.Conv2d(3, 3, 3))",
        "for i in range(2):\n    x = getattr(self, f'conv{i}')(x)\nreturn x",
    ),
    "modules by name": net(
        "for i in range(2):\n    self.add_module('conv%s' % 0 if False else f'conv{i}', nn.Conv2d(3, 3, 3))",
        "return self.conv1(self.conv0(x))",
    ),
    "and, or": net(
        "self.conv = nn.Conv2d(3, 8, 3, stride=first and stride or 1)\nself.body = nn.Sequential(*[nn.Conv2d(8, 8, 1) for _ in"
        " range(depth or 1)])",
        "return self.body(self.conv(x))",
        "first=True, stride=2, depth=3",
    ),
    "in, not in, chains": net(
        "act = 'leaky'\nk = 5 if 1 < 3 <= 3 and act in ('relu', 'leaky') and act not in ['tanh'] else 3\n"
        "self.conv = nn.Conv2d(3, 4, k)",
        PLAIN,
    ),
    "a function inside": net(
        "k = 5\n\ndef layer(i, o):\n    return nn.Conv2d(i, o, k)\n\nself.conv = layer(3, 4)", PLAIN, before="k = 3"
    ),
    "defaults of their time": net(
        "self.conv = make(3)", PLAIN, before="k = 5\n\n\ndef make(i, k=k):\n    return nn.Conv2d(i, 4, k)\n\n\nk = 3"
    ),
    "a lambda": net("make = lambda o, k=3: nn.Conv2d(3, o, k)\nself.conv = make(6)", PLAIN),
    "a walrus": net("if (n := 4) > 3:\n    self.conv = nn.Conv2d(3, n, 3)", PLAIN),
    "f-strings as names": net(
        "self.net = nn.Sequential(OrderedDict([(f'conv_{i}', nn.Conv2d(3, 3, 3)) for i in range(2)]))",
        "return self.net(x)",
    ),
    "static and class methods": net(
        "self.conv = self.make(3, 4)\nself.other = self.build(4)",
        "return self.other(self.conv(x))\n\n@staticmethod\ndef make(i, o):\n    return nn.Conv2d(i, o, 3)\n\n"
        "@classmethod\ndef build(cls, i):\n    return nn.Conv2d(i, i, 1)\n",
    )
    .replace("        @", "    @")
    .replace("        def ", "    def ")
    .replace("            return nn", "        return nn"),
    "a device branch": net(
        CONV.format(4) + "\nself.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "x = x.to(self.device)\nif x.is_cuda:\n    x = x.half()\nreturn self.conv(x.float())",
    ),
    "weights set by hand": net(
        CONV.format(4) + "\nself.conv.bias.data.zero_()\nself.conv.weight.data.normal_(0, 0.02)\n"
        "nn.init.zeros_(self.conv.bias)\nself.conv.weight.requires_grad = True\nfor p in self.parameters():\n"
        "    p.requires_grad = True\nself.apply(lambda m: None)",
        PLAIN,
    ),
    "mean as a pool": net(
        "self.conv = nn.Conv2d(3, 8, 3)\nself.out = nn.Linear(8, 2)", "return self.out(self.conv(x).mean(dim=(2, 3)))"
    ),
    "mean of means": net(
        "self.conv = nn.Conv2d(3, 8, 3)\nself.out = nn.Linear(8, 2)", "return self.out(self.conv(x).mean(-1).mean(-1))"
    ),
    "torch.mean, kept": net(
        "self.conv = nn.Conv2d(3, 8, 3)\nself.out = nn.Conv2d(8, 2, 1)",
        "x = torch.mean(self.conv(x), dim=[2, 3], keepdim=True)\nreturn self.out(x).squeeze(-1).squeeze(-1)",
    ),
    "largest values": net(
        "self.conv = nn.Conv2d(3, 8, 3)\nself.out = nn.Linear(8, 2)",
        "x = self.conv(x).max(dim=3)[0]\nx, _ = torch.max(x, 2)\nreturn self.out(x)",
    ),
    "squeeze": net(
        "self.conv = nn.Conv2d(3, 8, 16)\nself.out = nn.Linear(8, 2)", "return self.out(self.conv(x).squeeze())"
    ),
    "several outputs": net(
        "self.conv = nn.Conv2d(3, 8, 3)\nself.out = nn.Linear(8, 2)",
        "features = self.conv(x).amax(dim=(2, 3))\nreturn self.out(features), features",
    ),
    "parts with several outputs": net(
        "self.part = Part()\nself.out = nn.Conv2d(4, 2, 1)",
        "kept, x = self.part(x)\nreturn self.out(kept + x)",
        before="class Part(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = nn.Conv2d(3, 4, 3)\n"
        "        self.act = nn.Tanh()\n\n    def forward(self, x):\n        x = self.conv(x)\n        return x, self.act(x)",
    ),
    "a dense block": net(
        "self.parts = nn.ModuleList([nn.Conv2d(3 + 2 * i, 2, 3, padding=1) for i in range(2)])",
        "features = [x]\nfor part in self.parts:\n    features.append(part(torch.cat(features, 1)))\n"
        "return torch.cat(features, dim=1)",
    ),
    "a slice of a net": net(
        "self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3))",
        "x = self.net[:2](x)\nreturn self.net[-1](x)",
    ),
    "children": net(
        "self.a = nn.Conv2d(3, 4, 3)\nself.b = nn.Conv2d(4, 5, 3)",
        "for child in self.children():\n    x = child(x)\nreturn x",
    ),
    "sizes of layers": net(
        "self.a = nn.Conv2d(3, 4, 3)\nself.b = nn.Conv2d(self.a.out_channels, 5, self.a.kernel_size)",
        "return self.b(self.a(x))",
    ),
    "a property": net(CONV.format("self.width"), PLAIN + "\n\n@property\ndef width(self):\n    return 6\n")
    .replace("        @", "    @")
    .replace("        def width", "    def width")
    .replace("            return 6", "        return 6"),
    "a factory": net(CONV.format("n"), PLAIN, "n=10").replace(
        "model = Net()", "def make(**given):\n    return Net(**given)\n\n\nmodel = make(n=5)"
    ),
    "a main function's settings": net(CONV.format("width"), PLAIN, "width").replace(
        "model = Net()", "if __name__ == '__main__' or True:\n    WIDTH = 4\nWIDTH = 4\nmodel = Net(width=WIDTH)"
    ),
    "try": net("try:\n    self.conv = nn.Conv2d(3, 4, 3)\nexcept RuntimeError:\n    self.conv = None", PLAIN),
    "a bias that is asked for": net(
        CONV.format(4) + "\nif self.conv.bias is not None:\n    nn.init.zeros_(self.conv.bias)", PLAIN
    ),
    "a layer class by choice": net(
        "act = {'relu': nn.ReLU, 'gelu': nn.GELU}['gelu']\nnorm = nn.BatchNorm2d if True else nn.Identity\n"
        "self.net = nn.Sequential(nn.Conv2d(3, 4, 3), norm(4), act())",
        "return self.net(x)",
    ),
    "torch's names by getattr": net(
        "self.conv = nn.Conv2d(3, 4, 3)\nself.act = getattr(nn, 'ReLU')()", "return self.act(self.conv(x))"
    ),
    "variables of before": net(CONV.format(4), "x = torch.autograd.Variable(x)\nreturn self.conv(x.data)"),
    "lists added": net(
        "cfg = [4, 'M'] + [5] * 2\nlayers, i = [], 3\nfor v in cfg:\n    if v == 'M':\n        layers += [nn.MaxPool2d(2)]\n"
        "    else:\n        layers += [nn.Conv2d(i, v, 3, padding=1), nn.ReLU(inplace=True)]\n        i = v\n"
        "self.features = nn.Sequential(*layers)",
        "return self.features(x)",
    ),
    "part of a call": net(
        "from functools import partial\nnorm = partial(nn.BatchNorm2d, eps=1e-2)\nconv = partial(nn.Conv2d, 3, kernel_size=5)\n"
        "self.net = nn.Sequential(conv(4), norm(4), conv2(4, kernel_size=3))",
        "return self.net(x)",
        before="from functools import partial\n\nconv2 = partial(nn.Conv2d, out_channels=6, kernel_size=1)",
    ),
    "copies": net(
        "self.parts = clones(nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.ReLU()), 3)\nself.own = copy.deepcopy(Unit())",
        "for part in self.parts:\n    x = part(x)\nreturn self.own(x)",
        before="import copy\n\n\ndef clones(part, n):\n    return nn.ModuleList([copy.deepcopy(part) for _ in range(n)])\n\n\n"
        "class Unit(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = nn.Conv2d(3, 4, 1)\n"
        "        self.again = self.conv\n\n    def forward(self, x):\n        return self.again(x)",
    ),
    "a sum of a list": net(
        "self.parts = nn.ModuleList([nn.Conv2d(3, 4, k, padding=k // 2) for k in (1, 3, 5)])",
        "return sum(part(x) for part in self.parts)",
    ),
    "named children": net(
        "self.net = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), act=nn.Tanh(), last=nn.Conv2d(4, 5, 1)))",
        "for name, part in self.net.named_children():\n    if name != 'act':\n        x = part(x)\nreturn self.net.act(x)",
    ),
    "a Sequential by names": net(
        "self.net = nn.Sequential()\nself.net.add_module('a', nn.Conv2d(3, 4, 3))\nself.net.add_module('b', nn.Tanh())\n"
        "self.net.add_module('a', nn.Conv2d(3, 5, 3))",
        "return self.net.b(self.net.a(x))",
    ),
    "a dry run": net(
        "self.net = nn.Sequential(nn.Conv2d(3, 4, 3))\nself.net(torch.zeros(1, 3, 16, 16))", "return self.net(x)"
    ),
    "a class that is changed": net(CONV.format("self.width"), PLAIN)
    .replace("class Net(nn.Module):\n", "class Net(nn.Module):\n    width = 4\n\n")
    .replace(
        "model = Net()",
        "Net.width = 7\nsetattr(Net, 'forward', lambda self, x: torch.tanh(self.conv(x)))\nmodel = Net()",
    ),
    "a decorated class": net(CONV.format(4), PLAIN)
    .replace("class Net", "@wider\nclass Net")
    .replace(
        "@wider",
        "kinds = {}\n\n\ndef wider(cls):\n    kinds[cls.__name__ if False else 'net'] = cls\n    return cls\n\n\n@wider",
    )
    .replace("model = Net()", "model = kinds['net']()"),
    "a head that is replaced": net(
        "self.conv = nn.Conv2d(3, 4, 3)\nself.head = nn.Sequential(nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 4))",
        "return self.head(self.conv(x).flatten(1))",
    )
    + "model.head[-1] = nn.Linear(model.head[0].out_features, 7)\n",
    "an alias of torch.nn": net("self.conv = L.Conv2d(3, 4, 3)", PLAIN, before="L = nn"),
    "frozen, watched and trained": net(CONV.format(4), PLAIN)
    + "seen = []\nmodel.conv.register_forward_hook(lambda m, i, o: seen.append(o))\nfor p in model.parameters():\n"
    "    p.requires_grad = False\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
    "for group in optimizer.param_groups:\n    group['lr'] = 0.2\n",
}
"""Texts by what is special in them; samples are (3, 16, 16)."""

NETS |= {
    forward: net("self.conv = nn.Conv2d(3, 4, 3)" + "\nself.gate = nn.Conv2d(4, 1, 1)" * ("gate" in forward), forward)
    for forward in (
        "return F.pad(self.conv(x), (1, 2, 3, 0))",
        "return F.pad(self.conv(x), (1, 2))",
        "return F.pad(self.conv(x), [1] * 4, 'constant', 0)",
        "return F.pad(input=self.conv(x), pad=(0, 1, 0, -1), mode='constant', value=0.5)",
        "return F.pad(self.conv(x), (1, 2), value=-3)",
        "return F.pad(self.conv(x), (1, 2, 3, 0), mode='reflect')",
        "return F.pad(self.conv(x), (1, 2, 3, 0), 'replicate')",
        "return F.pad(self.conv(x), (1, 2, 3, 0), 'circular')",
        "return F.pad(self.conv(x).flatten(2), (3, 1), 'reflect')",
        "return F.pad(self.conv(x).unflatten(2, (2, 7)), (1, 0, 2, 0, 0, 3), 'replicate')",
        "return self.conv(x).unflatten(-1, (7, -1))",
        "return torch.unflatten(self.conv(x), dim=1, sizes=[2, 2])",
        "x = self.conv(x)\nreturn F.rms_norm(x, x.shape[1:])",
        "return F.rms_norm(self.conv(x), (14,), eps=0.1)",
        "return torch.rms_norm(self.conv(x), [14, 14], None, 1e-3)",
        "x = self.conv(x)\nreturn torch.mul(x, torch.sigmoid(self.gate(x)))",
        "x = self.conv(x)\nreturn torch.sigmoid(self.gate(x)).mul(x)",
        "x = self.conv(x)\nreturn torch.multiply(input=self.gate(x), other=x)",
        "return self.conv(x / 255.0)",
        "x = self.conv(x)\nreturn x + 0.1 * torch.tanh(x)",
        "x = self.conv(x)\nreturn torch.add(x, torch.tanh(x), alpha=0.3)",
        "x = self.conv(x)\nx = x.clone()\nx.add_(torch.tanh(x), alpha=2)\nx *= 3\nx /= 7\nx.mul_(0.5).div_(0.25)\nreturn x",
        "x = self.conv(x)\nreturn x - torch.tanh(x)",
        "x = self.conv(x)\nreturn torch.sub(x, -torch.tanh(x), alpha=-2)",
        "x = self.conv(x)\nreturn torch.stack([x, torch.tanh(x), F.relu(x)], dim=1).mean(dim=1)",
        "x = self.conv(x)\nreturn torch.mean(torch.stack((x, torch.tanh(x))), 0)",
        "x = self.conv(x)\nreturn (x + torch.tanh(x)) / math.sqrt(2)",
    )
}
NETS |= {
    "members of enumerations": net(
        "norms = {Norm.BATCH: nn.BatchNorm2d, Norm.NONE: nn.Identity}\nkind = Norm(kind)\n"
        "self.conv = nn.Conv2d(3, 4 if size is Size.SMALL else 8, 3, bias=kind == 'none')\n"
        "self.norm = norms[kind](8 if size != Size.SMALL else 4)\n"
        "self.act = nn.ReLU() if size in (Size.LARGE, Size.SMALL) and Size.SMALL != 1 else nn.Tanh()\n"
        "self.out = nn.Conv2d(4 * size.value, len(size.name), 1)",
        "return self.out(self.act(self.norm(self.conv(x))))",
        parameters="kind='batch', size=None",
        before="import enum\nfrom enum import Enum\n\nclass Norm(str, Enum):\n    BATCH = 'batch'\n    NONE = 'none'\n\n"
        "class Size(enum.Enum):\n    SMALL = 1\n    LARGE = 2\n",
        call="size=Size.LARGE",
    ),
    "sizes by numpy and operator": net(
        "import functools, operator\nh = np.floor((16 - 3) / 2 + 1).astype(int)\nself.conv = nn.Conv2d(3, 4, 3, 2)\n"
        "self.out = nn.Linear(functools.reduce(operator.mul, (4, h, h)).item(), cast(int, 5))",
        "return self.out(self.conv(x).flatten(1))",
        before="from typing import cast",
    ),
    "a size measured under a decorator": net(
        "self.conv = nn.Conv2d(3, 4, 3)\nself.out = nn.Linear(self.size(), 2)",
        "return self.out(self.conv(x).flatten(1))\n",
        before="class Sized(nn.Module):\n    @torch.no_grad()\n    def size(self):\n"
        "        return self.conv(torch.zeros((1, 3) + (16, 16))).flatten(1).shape[1]\n",
    ).replace("class Net(nn.Module)", "class Net(Sized)"),
    "stubs of quantization, and clamp_": net(
        "self.quant, self.dequant = torch.ao.quantization.QuantStub(), torch.ao.quantization.DeQuantStub()\n"
        + CONV.format(4),
        "return torch.clamp_(self.dequant(self.conv(self.quant(x))), 0.0, 1.0)",
    ),
    "branches that share their beginning": net(
        "self.neck = nn.Conv2d(3, 4, 1)\nself.convs = nn.ModuleList([nn.Conv2d(4, 2, k, padding=k // 2) for k in (3, 5)])\n"
        "self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(3, 2, 1))",
        "y = self.neck(x)\nreturn torch.cat([conv(y) for conv in self.convs] + [self.pool(x)], dim=1)",
    ),
    "a class that derives from a layer": net(
        "self.a, self.b, self.c = Same(3, 4, 3, stride=2), Causal(4, 4, (1, 2)), Padded(4, 4, 5)\nself.norm = Norm(4)\n"
        "if isinstance(self.a, nn.Conv2d) and not isinstance(self.norm, nn.Conv2d):\n    nn.init.zeros_(self.a.bias)\n"
        "self.out = nn.Conv2d(self.b.out_channels, 2, self.a.kernel_size[0], bias=not hasattr(self.a, 'weight'))",
        "return self.out(self.norm(self.c(self.b(self.a(x)))))",
        before="class Same(nn.Conv2d):\n    def forward(self, x):\n        pads = []\n"
        "        for size, k, s in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):\n"
        "            p = max((math.ceil(size / s) - 1) * s + k - size, 0)\n            pads += [p // 2, p - p // 2]\n"
        "        return super().forward(F.pad(x, pads))\n\n\n"
        "class Causal(nn.Conv2d):\n    def __init__(self, *args, **kwargs):\n        self.mode = 'left'\n"
        "        super(Causal, self).__init__(*args, **kwargs)\n\n    def forward(self, x):\n"
        "        x = F.pad(x, (self.kernel_size[1] - 1, 0, 0, 0))\n        return super(Causal, self).forward(x)\n\n\n"
        "class Padded(nn.Conv2d):\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n"
        "        self.padding = tuple(k // 2 for k in self.kernel_size)\n\n\nclass Norm(nn.BatchNorm2d):\n    pass",
    ),
    "a sum that torch broadcasts": net(
        "self.conv, self.time = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, (1, 3), padding=(0, 1))",
        "x = self.conv(x)\ny = self.time(x.mean(dim=2, keepdim=True))\nx = torch.relu(y + x)\nreturn x + x.amax((2, 3), keepdim=True)",
    ),
    "settings as JSON": net(
        "self.body = nn.Sequential(*[nn.Conv2d(spec['in'], spec['out'], spec.get('kernel', 1)) for spec in PLAN['layers']])",
        "return self.body(x)",
        before='import json\nPLAN = json.loads(\'{"layers": [{"in": 3, "out": 4, "kernel": 3}, {"in": 4, "out": 2}]}\')',
    ),
    "shapes that are compared": net(
        "self.conv, self.down = nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.AvgPool2d(1, 2)",
        "z = self.conv(x)\nif x.shape != z.shape and z.shape == z.size():\n    d = self.down(x)\n"
        "    return z + torch.cat((d, torch.mul(d, 0)), dim=1)\nreturn z + x",
    ),
    "attributes of layers": net(
        "pool, conv = nn.MaxPool2d(2), nn.Conv2d(3, 4, 3)\nself.body = nn.Sequential(conv, pool)\n"
        "self.out = nn.Conv2d(conv.out_channels, 2, conv.kernel_size, padding=conv.stride, bias=conv.padding != 0)",
        "return self.out(self.body(x))",
    ),
}
