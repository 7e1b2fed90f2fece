"""Texts that make their net in a function, each with what Python has to run to get that net."""

# ruff: noqa: E501 (lines of texts)

_NET = """
class Net(nn.Module):
    def __init__(self, width{default}, classes=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.out = nn.Linear(width, classes)

    def forward(self, x):
        return self.out(F.relu(self.conv(x)).mean((2, 3)))

"""
_NEEDS_WIDTH, _HAS_DEFAULTS = _NET.format(default=""), _NET.format(default="=5")

OF_FUNCTIONS: dict[str, tuple[str, str]] = {
    "a test that nobody calls": (
        _NEEDS_WIDTH + "def test():\n    net = Net(6)\n    print(net(torch.randn(1, 3, 16, 16)).size())\n\n# test()\n",
        "Net(6)",
    ),
    "a factory": (_NEEDS_WIDTH + "def net7(pretrained=False, **kwargs):\n    return Net(7, **kwargs)\n", "net7()"),
    "a factory that is decorated elsewhere": (
        "from elsewhere import register\n" + _NEEDS_WIDTH + "@register()\ndef net7():\n    return Net(7)\n",
        "Net(7)",
    ),
    "factories, and a test that takes the second": (
        _NEEDS_WIDTH
        + "def net7():\n    return Net(7)\n\ndef net8():\n    return Net(8)\n\ndef test():\n    print(net8())\n    y = net8()\n",
        "Net(8)",
    ),
    "factories of several blocks": (
        (
            "class A(nn.Module):\n    def __init__(self, c):\n        super(A, self).__init__()\n        self.a = nn.Conv2d(c, c, 1)\n\n"
            "    def forward(self, x):\n        return x + self.a(x)\n\n"
            "class B(A):\n    def __init__(self, c):\n        super(B, self).__init__(c)\n        self.b = nn.ReLU()\n\n"
            "    def forward(self, x):\n        return self.b(super(B, self).forward(x))\n\n"
            "class Net(nn.Module):\n    def __init__(self, block, depth):\n        super(Net, self).__init__()\n"
            "        self.body = nn.Sequential(*[block(3) for _ in range(depth)])\n\n"
            "    def forward(self, x):\n        return self.body(x)\n\n"
            "def first():\n    return Net(A, 2)\n\ndef second():\n    return Net(B, 3)\n"
        ),
        "Net(A, 2)",
    ),
    "main with arguments of the command line": (
        _NEEDS_WIDTH
        + "def main():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--width', type=int, default=9)\n"
        "    args = parser.parse_args()\n    data = load(args.path)\n    model = Net(args.width)\n    model.train()\n"
        "    for x, y in data:\n        loss = F.cross_entropy(model(x), y)\n        loss.backward()\n\n"
        "if __name__ == '__main__':\n    main()\n",
        "Net(9)",
    ),
    "main that does not take the defaults": (
        _HAS_DEFAULTS
        + "def main():\n    net = Net(classes=2)\n    train(net)\n\nif __name__ == '__main__':\n    main()\n",
        "Net(classes=2)",
    ),
    "a class with defaults, and factories of others": (
        _HAS_DEFAULTS + "def wide():\n    return Net(20)\n",
        "Net()",
    ),
    "a trainer": (
        _NEEDS_WIDTH
        + "CONFIG = {'width': 6}\n\nclass Trainer:\n    def __init__(self, config):\n        self.device = torch.device('cpu')\n"
        "        self.model = Net(config['width']).to(self.device)\n        self.loss = nn.CrossEntropyLoss()\n\n"
        "    def fit(self, loader):\n        for x, y in loader:\n            self.loss(self.model(x), y).backward()\n\n"
        "def main():\n    trainer = Trainer(CONFIG)\n    trainer.fit(load())\n",
        "Net(6)",
    ),
    "a class with defaults, and the function that makes the model": (
        _HAS_DEFAULTS + "def build_model(args=None):\n    return Net(20)\n",
        "Net(20)",
    ),
    "a function that a library decorates": (
        "import streamlit as st\n"
        + _NEEDS_WIDTH
        + "@st.cache_resource\ndef load():\n    net = Net(4)\n    net.eval()\n    return net\n\nreader = load()\n",
        "Net(4)",
    ),
    "two classes, one of them for other samples": (
        _HAS_DEFAULTS
        + "class Other(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.c = nn.Conv1d(2, 2, 1)\n\n"
        "    def forward(self, x):\n        return self.c(x)\n",
        "Net()",
    ),
    "a net with a twin": (
        _NEEDS_WIDTH + "policy = Net(4)\ntarget = Net(4)\ntarget.load_state_dict(policy.state_dict())\n",
        "policy",
    ),
    "a block that a function makes": (
        (
            "class Block(nn.Module):\n    def __init__(self, c=3):\n        super().__init__()\n        self.a = nn.Conv2d(c, c, 1)\n\n"
            "    def forward(self, x):\n        return x + self.a(x)\n\ndef stage(n):\n    return nn.Sequential(*[Block() for _ in range(n)])\n\n"
            "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.body = stage(2)\n\n"
            "    def forward(self, x):\n        return self.body(x)\n\ndef test_block():\n    b = Block()\n"
        ),
        "Net()",
    ),
}
"""Each text, and what its net is in Python."""


def run_by_python(text: str, net: str) -> str:
    """What Python runs to make that net: the text without what stands under `if __name__`, or comes from elsewhere."""
    kept = text.partition("\nif __name__")[0].replace("@register()\n", "").replace("@st.cache_resource\n", "")
    kept = kept.replace("import streamlit as st\n", "")
    kept = kept.replace("from elsewhere import register\n", "")
    return f"{kept}\nmodel = {net}\n"
