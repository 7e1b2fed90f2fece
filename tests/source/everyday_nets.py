"""Nets as people publish them: tutorials, homework, competitions, keyword spotting; each ends with `model`."""

EVERYDAY: dict[str, tuple[str, tuple[int, ...]]] = {}
"""Text and shape of a sample, by what kind of net it is."""

EVERYDAY["raw audio, classes on the last axis"] = (
    """
class RawAudioNet(nn.Module):
    def __init__(self, n_input=1, n_output=12, stride=4, n_channel=8):
        super().__init__()
        self.conv1 = nn.Conv1d(n_input, n_channel, kernel_size=20, stride=stride)
        self.bn1 = nn.BatchNorm1d(n_channel)
        self.pool1 = nn.MaxPool1d(4)
        self.conv2 = nn.Conv1d(n_channel, 2 * n_channel, kernel_size=3)
        self.bn2 = nn.BatchNorm1d(2 * n_channel)
        self.pool2 = nn.MaxPool1d(2)
        self.fc1 = nn.Linear(2 * n_channel, n_output)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(self.bn1(x))
        x = self.pool1(x)
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.pool2(x)
        x = F.avg_pool1d(x, x.shape[-1])
        x = x.permute(0, 2, 1)
        x = self.fc1(x)
        return F.log_softmax(x, dim=2)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


model = RawAudioNet(n_input=1, n_output=35)
model.to("cpu")
print(model)
n = count_parameters(model)
print("Number of parameters: %s" % n)
""",
    (1, 800),
)

EVERYDAY["layers from a generator"] = (
    """
class DepthwiseNet(nn.Module):
    def __init__(self, widths=(16, 24, 32), num_classes=12, p=0.2):
        super().__init__()
        self.features = nn.Sequential(*self._layers(3, widths))
        self.dropout = nn.Dropout(p)
        self.classifier = nn.Linear(widths[-1], num_classes)

    def _layers(self, channels, widths):
        yield nn.Conv2d(3, channels, 3, padding=1, bias=False)
        for i, width in enumerate(widths):
            yield from self._separable(channels, width, stride=2 if i else 1)
            channels = width
        yield nn.AdaptiveAvgPool2d(1)

    @staticmethod
    def _separable(i, o, stride):
        yield nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False)
        yield nn.BatchNorm2d(i)
        if stride > 1:
            yield nn.ReLU()
        yield nn.Conv2d(i, o, 1, bias=False)
        yield nn.BatchNorm2d(o)
        yield nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.features(x).flatten(1)
        return self.classifier(self.dropout(x))


model = DepthwiseNet()
""",
    (3, 16, 16),
)

EVERYDAY["modules from a generator function, in a loop"] = (
    """
def pairs(widths):
    before = widths[0]
    for after in widths[1:]:
        yield before, after
        before = after


class Mlp(nn.Module):
    def __init__(self, sizes):
        super(Mlp, self).__init__()
        self.layers = nn.ModuleList()
        for i, o in pairs(sizes):
            self.layers.append(nn.Linear(i, o))
            sizes[-1] = 7

    def forward(self, x):
        x = torch.flatten(x, 1)
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


model = Mlp([3 * 16 * 16, 64, 32, 10])
""",
    (3, 16, 16),
)

EVERYDAY["map over a list of widths"] = (
    """
class Net(nn.Module):
    def __init__(self, sizes="8,12,16", k=3):
        super().__init__()
        widths = list(map(int, sizes.split(",")))
        ins = [3] + widths[:-1]
        self.convs = nn.Sequential(*map(lambda i, o: nn.Conv2d(i, o, k), ins, widths))
        self.acts = nn.ModuleList(map(nn.PReLU, widths))
        a, b = map(int, (7, 2.0))
        self.head = nn.Linear(a * int(b) + 2, 3)

    def forward(self, x):
        for conv, act in zip(self.convs, self.acts):
            x = act(conv(x))
        return self.head(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1).view(x.size(0), -1)[:, :16])


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["clamped activations"] = (
    """
class Clipped(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3)
        self.b = nn.Conv2d(4, 4, 3)
        self.c = nn.Conv2d(4, 4, 3)

    def forward(self, x):
        x = torch.clamp(self.a(x), 0, 6)
        x = self.b(x).clamp(min=0)
        x = torch.clamp(self.c(x), min=-0.5, max=0.75)
        return x.clamp_(-0.25, 0.5).clip(min=-0.1)


model = Clipped()
""",
    (3, 16, 16),
)

EVERYDAY["match in a factory"] = (
    """
def activation(name):
    match name:
        case "relu":
            return nn.ReLU(inplace=True)
        case "leaky" | "lrelu":
            return nn.LeakyReLU(0.1)
        case None:
            return nn.Identity()
        case _:
            raise ValueError(f"unknown activation {name}")


def layer(spec, channels):
    match spec:
        case "M":
            return nn.MaxPool2d(2), channels
        case int() as width:
            return nn.Conv2d(channels, width, 3, padding=1), width
        case ("act", name):
            return activation(name), channels
        case ["conv", int(o), *rest] if rest:
            return nn.Conv2d(channels, o, *rest), o
        case {"out": o, "k": k}:
            return nn.Conv2d(channels, o, k), o


class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        layers, channels = [], 3
        for spec in cfg:
            module, channels = layer(spec, channels)
            layers.append(module)
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        return self.features(x)


model = Net([8, ("act", "relu"), "M", ["conv", 12, 3, 1, 1], ("act", "lrelu"), {"out": 5, "k": 1}, ("act", None)])
""",
    (3, 16, 16),
)

EVERYDAY["named tuples of block settings"] = (
    """
from collections import namedtuple
from typing import NamedTuple

Block = namedtuple("Block", ["kernel", "expand", "width", "stride"])
Stem = namedtuple("Stem", "width kernel act", defaults=[3, "relu"])


class Head(NamedTuple):
    width: int
    classes: int = 10

    @property
    def hidden(self):
        return self.width // 2


SPECS = [Block(3, 2, 12, 1), Block(kernel=5, expand=3, width=16, stride=2)]


class Inverted(nn.Module):
    def __init__(self, channels, spec):
        super().__init__()
        k, expand, width, stride = spec
        hidden = channels * expand
        self.use_res = spec.stride == 1 and channels == spec.width
        self.conv = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, hidden, k, stride, k // 2, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, width, 1, bias=False), nn.BatchNorm2d(width),
        )

    def forward(self, x):
        return x + self.conv(x) if self.use_res else self.conv(x)


class Net(nn.Module):
    def __init__(self, stem=Stem(12), head=Head(width=32)):
        super().__init__()
        layers = [nn.Conv2d(3, stem.width, stem[1], padding=1)]
        channels = stem.width
        for spec in SPECS:
            layers.append(Inverted(channels, spec))
            channels = spec.width
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(channels, head.hidden), nn.ReLU() if stem._asdict()["act"] == "relu" else nn.Tanh(),
            nn.Linear(head.hidden, head._replace(classes=4).classes),
        )

    def forward(self, x):
        return self.head(self.features(x).mean([-2, -1]))


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["branches stacked and summed"] = (
    """
class MultiScale(nn.Module):
    def __init__(self, channels=6):
        super().__init__()
        self.branches = nn.ModuleList([nn.Conv2d(3, channels, k, padding=k // 2) for k in (1, 3, 5)])
        self.out = nn.Conv2d(channels, 4, 1)

    def forward(self, x):
        outs = torch.stack([F.relu(branch(x)) for branch in self.branches], dim=0)
        return self.out(outs.sum(dim=0))


model = MultiScale()
""",
    (3, 16, 16),
)

EVERYDAY["sums and products in place"] = (
    """
class Unit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        identity = x
        out = self.conv2(F.relu_(self.conv1(x)))
        gate = torch.sigmoid(self.fc(F.adaptive_avg_pool2d(out, 1)))
        out.mul_(gate)
        out.add_(identity)
        out = out.relu_()
        return out.add(x)


model = nn.Sequential(nn.Conv2d(3, 4, 3), Unit(4), Unit(4))
""",
    (3, 16, 16),
)

EVERYDAY["a corner after global pooling"] = (
    """
class Net(nn.Module):
    def __init__(self, num_classes=5):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))[:, :, 0, 0]
        return self.fc(x)


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["modules by way of _modules"] = (
    """
class Stack(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        for i in range(depth):
            setattr(self, "conv%d" % i, nn.Conv2d(3 if i == 0 else 4, 4, 3))
            self.add_module("act{}".format(i), nn.ELU())

    def forward(self, x):
        for name, module in self._modules.items():
            x = module(x)
        return x


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = Stack()
        self.tail = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Tanh())

    def forward(self, x):
        x = self.stack(x)
        for module in self.tail._modules.values():
            x = module(x)
        return x


model = Outer()
""",
    (3, 16, 16),
)

EVERYDAY["temporal convolutions that are cut off"] = (
    """
class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, :-self.chomp_size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, n_inputs, n_outputs, kernel_size, stride, dilation, padding, dropout=0.2):
        super(TemporalBlock, self).__init__()
        self.conv1 = nn.Conv1d(n_inputs, n_outputs, kernel_size, stride=stride, padding=padding, dilation=dilation)
        self.chomp1 = Chomp1d(padding)
        self.relu1 = nn.ReLU()
        self.dropout1 = nn.Dropout(dropout)
        self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1)
        self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None
        self.relu = nn.ReLU()
        self.init_weights()

    def init_weights(self):
        self.conv1.weight.data.normal_(0, 0.01)
        if self.downsample is not None:
            self.downsample.weight.data.normal_(0, 0.01)

    def forward(self, x):
        out = self.net(x)
        res = x if self.downsample is None else self.downsample(x)
        return self.relu(out + res)


class TCN(nn.Module):
    def __init__(self, input_size, output_size, num_channels, kernel_size=3):
        super().__init__()
        layers = []
        num_levels = len(num_channels)
        for i in range(num_levels):
            dilation_size = 2 ** i
            in_channels = input_size if i == 0 else num_channels[i - 1]
            layers += [TemporalBlock(in_channels, num_channels[i], kernel_size, stride=1, dilation=dilation_size,
                                     padding=(kernel_size - 1) * dilation_size)]
        self.tcn = nn.Sequential(*layers)
        self.linear = nn.Linear(num_channels[-1], output_size)

    def forward(self, inputs):
        y1 = self.tcn(inputs)
        return self.linear(y1[:, :, -1:].squeeze(2))


model = TCN(4, 10, [8, 8, 12])
""",
    (4, 64),
)

EVERYDAY["squeeze and excitation, expanded"] = (
    """
class SELayer(nn.Module):
    def __init__(self, channel, reduction=4):
        super(SELayer, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, channel // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channel // reduction, channel, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


model = nn.Sequential(nn.Conv2d(3, 8, 3), SELayer(8), nn.ReLU())
""",
    (3, 16, 16),
)

EVERYDAY["logits and probabilities"] = (
    """
class ConvNet(torch.nn.Module):
    def __init__(self, num_classes):
        super(ConvNet, self).__init__()
        self.conv_1 = torch.nn.Conv2d(in_channels=3, out_channels=8, kernel_size=(3, 3), stride=(1, 1), padding=1)
        self.pool_1 = torch.nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=0)
        self.linear_1 = torch.nn.Linear(8 * 8 * 8, num_classes)
        for m in self.modules():
            if isinstance(m, torch.nn.Conv2d) or isinstance(m, torch.nn.Linear):
                m.weight.data.normal_(0.0, 0.01)
                if m.bias is not None:
                    m.bias.detach().zero_()

    def forward(self, x):
        out = self.conv_1(x)
        out = F.relu(out)
        out = self.pool_1(out)
        logits = self.linear_1(out.view(-1, 8 * 8 * 8))
        probas = F.softmax(logits, dim=1)
        return logits, probas


torch.manual_seed(1)
model = ConvNet(num_classes=10)
model = model.to("cpu")
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
""",
    (3, 16, 16),
)

EVERYDAY["homework with a command line and a main"] = (
    """
import os
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


class StudentNet(nn.Module):
    '''Our solution of exercise 3.'''

    def __init__(self, args):
        super().__init__()
        self.args = args
        self.hidden = args.hidden
        logger.info("building a net with %d units", args.hidden)
        self.conv1 = nn.Conv2d(3, args.channels, args.kernel_size, padding=args.kernel_size // 2)
        self.conv2 = nn.Conv2d(args.channels, args.channels * 2, args.kernel_size, padding=args.kernel_size // 2)
        self.dropout = nn.Dropout(args.dropout)
        self.fc1 = nn.Linear(args.channels * 2 * 4 * 4, self.hidden)
        self.fc2 = nn.Linear(self.hidden, 10)

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features

    def forward(self, x):
        assert x.dim() == 4, f"expected 4 axes, got {x.dim()}"
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        logger.debug("shape %s", x.shape)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = self.dropout(x)
        return self.fc2(x)


def get_args(argv=None):
    parser = argparse.ArgumentParser(description="Exercise 3")
    parser.add_argument("--channels", type=int, default=6, help="channels of the first layer")
    parser.add_argument("--kernel-size", "-k", type=int, default=5)
    parser.add_argument("--hidden", type=int, default=32, choices=[16, 32, 64])
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--data", type=str, default=os.path.join("data", "cifar"))
    parser.add_argument("--no-cuda", action="store_true", default=False)
    args = parser.parse_args([] if argv is None else argv)
    args.device = torch.device("cuda" if not args.no_cuda and torch.cuda.is_available() else "cpu")
    return args


def train(model, loader, optimizer):
    model.train()
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()


args = get_args()
model = StudentNet(args).to(args.device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5)
total = sum(p.numel() for p in model.parameters())
print(f"{total:,} parameters")
""",
    (3, 16, 16),
)

EVERYDAY["a residual net for digits in small images"] = (
    """
from typing import Callable, List, Optional, Type, Union


def conv3x3(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    expansion: int = 1

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: Optional[nn.Module] = None,
                 norm_layer: Optional[Callable[..., nn.Module]] = None) -> None:
        super().__init__()
        if norm_layer is None:
            norm_layer = nn.BatchNorm2d
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, block: Type[BasicBlock], layers: List[int], num_classes: int = 10, zero_init_residual=True):
        super().__init__()
        self.inplanes = 8
        self.conv1 = nn.Conv2d(3, self.inplanes, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.layer1 = self._make_layer(block, 8, layers[0])
        self.layer2 = self._make_layer(block, 16, layers[1], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
        if zero_init_residual:
            for m in self.modules():
                if isinstance(m, BasicBlock):
                    nn.init.constant_(m.bn2.weight, 0)

    def _make_layer(self, block, planes: int, blocks: int, stride: int = 1) -> nn.Sequential:
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(
                nn.Conv2d(self.inplanes, planes * block.expansion, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(planes * block.expansion),
            )
        layers = []
        layers.append(block(self.inplanes, planes, stride, downsample))
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes))
        return nn.Sequential(*layers)

    def _forward_impl(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer2(self.layer1(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)

    def forward(self, x):
        return self._forward_impl(x)


def resnet10(pretrained=False, **kwargs):
    return ResNet(BasicBlock, [1, 2], **kwargs)


model = resnet10(num_classes=10)
""",
    (3, 16, 16),
)

EVERYDAY["a tutorial's Lambda layers"] = (
    """
class Lambda(nn.Module):
    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        return self.func(x)


def preprocess(x):
    return x.view(-1, 1, 28, 28)


model = nn.Sequential(
    Lambda(preprocess),
    nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    Lambda(lambda x: x.view(x.size(0), -1)),
)
""",
    (1, 28, 28),
)

EVERYDAY["lightning with saved hyperparameters"] = (
    """
class LitNet(nn.Module):
    def __init__(self, channels=8, lr=1e-3, act="GELU", **kwargs):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Conv2d(3, self.hparams.channels, 3),
            getattr(nn, self.hparams.act)(),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            nn.LazyLinear(10),
        )
        self.example_input_array = torch.zeros(1, 3, 16, 16)

    def save_hyperparameters(self):
        self.hparams = SimpleNamespace(channels=8, act="GELU")

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


model = LitNet()
model(torch.zeros(1, 3, 16, 16))
""",
    (3, 16, 16),
)

EVERYDAY["inception and dense connections"] = (
    """
class Inception(nn.Module):
    def __init__(self, in_planes, n1x1, n3x3red, n3x3, pool_planes):
        super(Inception, self).__init__()
        self.b1 = nn.Sequential(nn.Conv2d(in_planes, n1x1, kernel_size=1), nn.BatchNorm2d(n1x1), nn.ReLU(True))
        self.b2 = nn.Sequential(
            nn.Conv2d(in_planes, n3x3red, kernel_size=1), nn.ReLU(True), nn.Conv2d(n3x3red, n3x3, 3, padding=1))
        self.b3 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(in_planes, pool_planes, kernel_size=1))

    def forward(self, x):
        y1 = self.b1(x)
        y2 = self.b2(x)
        y3 = self.b3(x)
        return torch.cat([y1, y2, y3], 1)


class Bottleneck(nn.Module):
    def __init__(self, in_planes, growth_rate):
        super(Bottleneck, self).__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv1 = nn.Conv2d(in_planes, growth_rate, kernel_size=3, padding=1, bias=False)

    def forward(self, x):
        out = self.conv1(F.relu(self.bn1(x)))
        out = torch.cat([out, x], 1)
        return out


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.pre_layers = nn.Sequential(nn.Conv2d(3, 12, kernel_size=3, padding=1), nn.ReLU(True))
        self.a3 = Inception(12, 4, 6, 8, 4)
        self.dense = self._dense(16, 3)
        self.linear = nn.Linear(28, 10)

    def _dense(self, in_planes, n):
        layers = []
        for i in range(n):
            layers.append(Bottleneck(in_planes, 4))
            in_planes += 4
        return nn.Sequential(*layers)

    def forward(self, x):
        out = self.pre_layers(x)
        out = self.dense(self.a3(out))
        out = F.avg_pool2d(out, out.size()[2:])
        out = out.view(out.size(0), -1)
        return self.linear(out)


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["keyword spotting by a config dict"] = (
    """
CONFIG = {
    "model": {"name": "tc-resnet8", "width_multiplier": 1.5, "blocks": [[16, 1], [24, 2], [32, 2]], "dropout": 0.3},
    "data": {"n_mels": 40, "frames": 51},
}


class TCBlock(nn.Module):
    def __init__(self, in_ch, out_ch, stride, kernel=9):
        super().__init__()
        pad = (kernel - 1) // 2
        self.body = nn.Sequential(OrderedDict([
            ("conv1", nn.Conv1d(in_ch, out_ch, kernel, stride=stride, padding=pad, bias=False)),
            ("bn1", nn.BatchNorm1d(out_ch)),
            ("relu", nn.ReLU()),
            ("conv2", nn.Conv1d(out_ch, out_ch, kernel, padding=pad, bias=False)),
            ("bn2", nn.BatchNorm1d(out_ch)),
        ]))
        self.shortcut = nn.Identity()
        if stride != 1 or in_ch != out_ch:
            conv = nn.Conv1d(in_ch, out_ch, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm1d(out_ch))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class TCResNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        model, data = cfg["model"], cfg["data"]
        k = model["width_multiplier"]
        in_ch = int(16 * k)
        self.stem = nn.Conv1d(data["n_mels"], in_ch, 3, padding=1, bias=False)
        blocks = []
        for ch, stride in model["blocks"]:
            out_ch = int(ch * k)
            blocks.append(TCBlock(in_ch, out_ch, stride))
            in_ch = out_ch
        self.blocks = nn.ModuleList(blocks)
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.dropout = nn.Dropout(p=model.get("dropout", 0.5))
        self.fc = nn.Conv1d(in_ch, 12, 1)

    def forward(self, x):
        x = self.stem(x)
        for i, block in enumerate(self.blocks):
            x = block(x)
        x = self.dropout(self.pool(x))
        return self.fc(x).squeeze(-1)


model = TCResNet(CONFIG)
""",
    (40, 51),
)

EVERYDAY["spectrograms without a channel axis"] = (
    """
class SpectrogramCNN(nn.Module):
    def __init__(self, n_classes=8):
        super().__init__()
        self.instance_norm = nn.InstanceNorm2d(1)
        self.conv_layers = nn.Sequential(*[self.conv_block(1 if i == 0 else 4 * i, 4 * (i + 1)) for i in range(2)])
        self.fc = nn.Linear(8, n_classes)

    def conv_block(self, c_in, c_out):
        return nn.Sequential(nn.Conv2d(c_in, c_out, (3, 3), padding="same"), nn.BatchNorm2d(c_out), nn.ReLU(),
                             nn.MaxPool2d((2, 2)))

    def forward(self, x):
        if len(x.shape) == 3:
            x = x.unsqueeze(1)
        x = self.instance_norm(x)
        x = self.conv_layers(x)
        x = torch.mean(x, dim=3)
        (x, _) = torch.max(x, dim=2)
        return self.fc(x)


model = SpectrogramCNN()
""",
    (1, 40, 50),
)

EVERYDAY["a competition's net with a lot of switches"] = (
    """
class CFG:
    seed = 42
    use_bn = True
    act = "silu"
    channels = [8, 16]
    dropout_p = 0.25
    pool = "gem" if False else "avg"


ACTS = dict(relu=nn.ReLU, silu=nn.SiLU, mish=nn.Mish)


def init_weights(m):
    if type(m) == nn.Linear:
        torch.nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)


def conv_bn(c_in, c_out, *args, act=None, **kw):
    layers = [nn.Conv2d(c_in, c_out, *args, bias=not CFG.use_bn, **kw)]
    if CFG.use_bn:
        layers.append(nn.BatchNorm2d(c_out))
    if act is not None:
        layers.append(ACTS[act]())
    return nn.Sequential(*layers)


class DigitNet(nn.Module):
    def __init__(self, cfg=CFG):
        super().__init__()
        self.cfg = cfg
        self.blocks = nn.ModuleDict()
        c = 3
        for n, width in enumerate(cfg.channels):
            self.blocks[f"block_{n}"] = conv_bn(c, width, 3, padding=1, act=cfg.act)
            c = width
        self.pool = {"avg": nn.AdaptiveAvgPool2d(1), "max": nn.AdaptiveMaxPool2d(1)}[cfg.pool]
        self.drop = nn.Dropout(cfg.dropout_p) if cfg.dropout_p > 0 else nn.Identity()
        self.head = nn.Linear(c, 10)
        self.apply(init_weights)

    def forward(self, x):
        for name, block in self.blocks.items():
            x = block(x)
            if name != f"block_{len(self.blocks) - 1}":
                x = F.max_pool2d(x, 2)
        x = self.pool(x).reshape(x.shape[0], -1)
        return self.head(self.drop(x))

    @property
    def n_params(self):
        return sum(p.numel() for p in self.parameters())


torch.manual_seed(CFG.seed)
model = DigitNet()
""",
    (3, 16, 16),
)

EVERYDAY["activations of one's own"] = (
    """
class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Mish(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, input):
        return input * torch.tanh(F.softplus(input))


class GlobalAvgPool(nn.Module):
    def forward(self, x):
        N, C, H, W = x.shape
        return F.avg_pool2d(x, kernel_size=(H, W)).reshape(N, C)


model = nn.Sequential(nn.Conv2d(3, 6, 3), Swish(), nn.Conv2d(6, 6, 3), Mish(), GlobalAvgPool(), nn.Linear(6, 4))
""",
    (3, 16, 16),
)

EVERYDAY["layers counted off by a reduce"] = (
    """
from functools import reduce
from itertools import chain


class Net(nn.Module):
    def __init__(self, widths=(3, 5, 7)):
        super().__init__()
        steps = [(nn.Conv2d(i, o, 3), nn.ReLU()) for i, o in zip(widths, widths[1:])]
        self.layers = nn.ModuleList(chain(*steps))
        self.more = nn.Sequential(*chain.from_iterable([[nn.Conv2d(7, 7, 1)], [nn.Tanh()]]))
        self.fc = nn.Linear(reduce(lambda a, b: a * b, (7, 12, 12)), 3)

    def forward(self, x):
        x = reduce(lambda out, layer: layer(out), self.layers, x)
        return self.fc(self.more(x).flatten(1))


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["sizes measured on one sample"] = (
    """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5)
        self.conv2 = nn.Conv2d(8, 12, 3)
        x = torch.randn(16, 48).view(-1, 3, 16, 16)
        self._to_linear = None
        self.convs(x)
        n = self.conv2(self.conv1(torch.zeros(1, 3, 16, 16))).shape[1:].numel()
        self.fc1 = nn.Linear(self._to_linear, n // 100)
        self.fc2 = nn.Linear(n // 100, 2)

    def convs(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.relu(self.conv2(x))
        if self._to_linear is None:
            self._to_linear = x[0].shape[0] * x[0].shape[1] * x[0].shape[2]
            assert self._to_linear == x[0].numel()
        return x

    def forward(self, x):
        x = self.convs(x)
        x = x.view(-1, self._to_linear)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["settings that a class takes as they come"] = (
    """
class Config:
    def __init__(self, **kwargs):
        self.width = 8
        self.kernel_sizes = [3, 5]
        self.__dict__.update(kwargs)

    @classmethod
    def from_dict(cls, d):
        return cls(**d)


class HParams(object):
    def __init__(self, **kw):
        for key, value in kw.items():
            setattr(self, key, value)

    def get(self, name, default=None):
        return getattr(self, name, default)


class Net(nn.Module):
    @classmethod
    def from_config(cls, config, **overrides):
        return cls(config, **overrides)

    def __init__(self, config, **kwargs):
        super().__init__()
        hp = HParams(bias=False, norm="batch", **kwargs)
        dropout = kwargs.pop("dropout", 0.1)
        kwargs.setdefault("act", "relu")
        width = config.width
        layers = []
        channels = 3
        for i, k in enumerate(config.kernel_sizes):
            layers.append((f"conv{i:02d}", nn.Conv2d(channels, width, k, padding=k // 2, bias=hp.bias)))
            if hp.norm in {"batch", "bn"}:
                layers.append((f"norm{i}", nn.BatchNorm2d(width)))
            layers.append(("act{}".format(i), getattr(nn, {"relu": "ReLU", "elu": "ELU"}[kwargs["act"]])()))
            channels, width = width, width * 2
        self.features = nn.Sequential(OrderedDict(layers))
        self.drop = nn.Dropout2d(dropout) if type(dropout) is float else None
        self.head = nn.Conv2d(channels, hp.get("classes", 10), 1)

    def forward(self, x):
        x = self.features(x)
        x = x if self.drop is None else self.drop(x)
        return self.head(x).mean(dim=(-2, -1))


cfg = Config.from_dict({"width": 6, "name": "net-a"})
model = Net.from_config(cfg, dropout=0.25, act="elu", classes=int("4")) if cfg.name.split("-")[1] == "a" else None
model = torch.jit.ignore(model) if False else model
""",
    (3, 16, 16),
)

EVERYDAY["layers by their names"] = (
    """
class Net(nn.Module):
    def __init__(self, depths=(2, 1), widths=(6, 8)):
        super(Net, self).__init__()
        self.names = []
        channels = 3
        for stage, (depth, width) in enumerate(zip(depths, widths)):
            for i in range(depth):
                name = "_".join(["stage", str(stage), str(i)])
                self.__setattr__(name, nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()))
                self.names.append(name)
                channels = width
        order = list(range(len(self.names)))
        order.reverse()
        self.first = order.index(len(order) - 1)
        self.scale = nn.ModuleDict([["up", nn.Upsample(scale_factor=2)], ["down", nn.AvgPool2d(2)]])
        self.fc = nn.Linear(channels * 64, 3)

    def forward(self, x):
        for name in self.names[self.first :]:
            x = self.__getattr__(name)(x)
        x = self.scale["down"](x)
        return self.fc(x.view(x.size(0), -1))


model = Net()
model = torch.nn.DataParallel(model).module if False else model
""",
    (3, 16, 16),
)

EVERYDAY["inverted residuals with a rounded width"] = (
    """
def _make_divisible(v, divisor=8, min_value=None):
    if min_value is None:
        min_value = divisor
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    if new_v < 0.9 * v:
        new_v += divisor
    return new_v


class ConvBNAct(nn.Sequential):
    def __init__(self, in_planes, out_planes, kernel_size=3, stride=1, groups=1, act=nn.Hardswish):
        padding = (kernel_size - 1) // 2
        super().__init__(
            nn.Conv2d(in_planes, out_planes, kernel_size, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(out_planes, momentum=0.01),
            act(inplace=True) if act is not None else nn.Identity(),
        )
        self.out_channels = out_planes


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeeze, 1)
        self.fc2 = nn.Conv2d(squeeze, channels, 1)

    def _scale(self, input):
        scale = self.avgpool(input)
        scale = F.relu(self.fc1(scale), inplace=True)
        return torch.clamp(self.fc2(scale), 0, 1)

    def forward(self, input):
        scale = self._scale(input)
        return scale * input


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, use_se=True):
        super().__init__()
        assert stride in [1, 2]
        hidden_dim = int(round(inp * expand_ratio))
        self.identity = stride == 1 and inp == oup
        layers = []
        if expand_ratio != 1:
            layers.append(ConvBNAct(inp, hidden_dim, kernel_size=1))
        layers.extend([ConvBNAct(hidden_dim, hidden_dim, stride=stride, groups=hidden_dim)])
        if use_se:
            layers += [SqueezeExcitation(hidden_dim, _make_divisible(hidden_dim // 4))]
        layers += (ConvBNAct(hidden_dim, oup, kernel_size=1, act=None),)
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        if self.identity:
            return x + self.conv(x)
        else:
            return self.conv(x)


class MobileNet(nn.Module):
    cfgs = [
        # t, c, n, s
        [1, 16, 1, 1],
        [3, 24, 2, 2],
    ]

    def __init__(self, num_classes=10, width_mult=0.5):
        super().__init__()
        input_channel = _make_divisible(16 * width_mult, 8)
        features = [ConvBNAct(3, input_channel)]
        for t, c, n, s in self.cfgs:
            output_channel = _make_divisible(c * width_mult, 8)
            for i in range(n):
                features.append(InvertedResidual(input_channel, output_channel, s if i == 0 else 1, expand_ratio=t))
                input_channel = output_channel
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(features[-1].conv[-1].out_channels, num_classes))
        self._initialize_weights()

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
                if m.bias is not None:
                    m.bias.data.zero_()

    def forward(self, x):
        x = self.features(x)
        x = x.mean([2, 3])
        return self.classifier(x)


model = MobileNet()
""",
    (3, 16, 16),
)

EVERYDAY["a front end that reads what it gets"] = (
    """
class FrontEnd(nn.Module):
    '''Waveform or spectrogram; here what comes is a spectrogram already.'''

    def __init__(self, sample_rate=16000, n_mels=40, is_spectrogram=True):
        super().__init__()
        self.is_spectrogram = is_spectrogram
        if not is_spectrogram:
            self.mel = torchaudio.transforms.MelSpectrogram(sample_rate=sample_rate, n_mels=n_mels)
        self.bn0 = nn.BatchNorm2d(1)

    def forward(self, x):
        if not self.is_spectrogram:
            x = torch.log(self.mel(x) + 1e-6)
        return self.bn0(x)


class BcBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=(1, 1), dilation=1):
        super().__init__()
        self.is_transition = c_in != c_out or stride != (1, 1)
        if self.is_transition:
            self.point = nn.Sequential(nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
        self.f2 = nn.Sequential(
            nn.Conv2d(c_out, c_out, (3, 1), stride, (1, 0), groups=c_out, bias=False), nn.BatchNorm2d(c_out))
        self.f1 = nn.Sequential(
            nn.Conv2d(c_out, c_out, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=c_out, bias=False),
            nn.BatchNorm2d(c_out), nn.SiLU(), nn.Conv2d(c_out, c_out, 1), nn.Dropout2d(0.1))

    def forward(self, x):
        out = self.point(x) if self.is_transition else x
        out = self.f2(out)
        out = self.f1(out)
        if not self.is_transition:
            out = out + x
        return torch.relu(out)


class SpeechNet(nn.Module):
    def __init__(self, n_classes=12, base=8):
        super().__init__()
        self.frontend = FrontEnd()
        self.stem = nn.Conv2d(1, base, 5, stride=(2, 1), padding=2)
        wide = 2 * base
        self.blocks = nn.Sequential(BcBlock(base, base), BcBlock(base, wide, (2, 1), 2), BcBlock(wide, wide))
        self.head = nn.Conv2d(2 * base, n_classes, (10, 1))

    @torch.jit.ignore
    def no_weight_decay(self):
        return set()

    def forward(self, x, lengths=None):
        x = self.frontend(x)
        x = self.blocks(self.stem(x))
        x = self.head(x)
        x = F.adaptive_avg_pool2d(x, 1)
        return x.view(x.shape[:2])


model = SpeechNet()
dummy = torch.randn(1, 1, 40, 32)
""",
    (1, 40, 32),
)

EVERYDAY["variational in name only: an encoder"] = (
    """
class View(nn.Module):
    def __init__(self, size):
        super(View, self).__init__()
        self.size = size

    def forward(self, tensor):
        return tensor.view(self.size)


class Encoder(nn.Module):
    def __init__(self, z_dim=6, nc=3):
        super(Encoder, self).__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(nc, 8, 4, 2, 1),
            nn.ReLU(True),
            nn.Conv2d(8, 16, 4, 2, 1),
            nn.LeakyReLU(0.2, inplace=True),
            View((-1, 16 * 4 * 4)),
            nn.Linear(16 * 4 * 4, z_dim * 2),
        )
        self.weight_init()

    def weight_init(self):
        for block in self._modules:
            for m in self._modules[block]:
                kaiming_init(m)

    def forward(self, x):
        return self.encoder(x)


def kaiming_init(m):
    if isinstance(m, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_normal_(m.weight)
        if m.bias is not None:
            m.bias.data.fill_(0)


model = Encoder()
""",
    (3, 16, 16),
)

EVERYDAY["a decoder of small pictures"] = (
    """
class Generator(nn.Module):
    def __init__(self, latent=8, img_shape=(1, 28, 28)):
        super().__init__()
        self.img_shape = img_shape

        def block(in_feat, out_feat, normalize=True):
            layers = [nn.Linear(in_feat, out_feat)]
            if normalize:
                layers.append(nn.BatchNorm1d(out_feat, 0.8))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(
            *block(latent, 16, normalize=False),
            *block(16, 32),
            nn.Linear(32, int(np.prod(img_shape))),
            nn.Tanh(),
        )

    def forward(self, z):
        img = self.model(z)
        img = img.view(img.size(0), *self.img_shape)
        return img


model = Generator()
""",
    (8,),
)

EVERYDAY["a wide net with dropout in its blocks"] = (
    """
class BasicBlock(nn.Module):
    def __init__(self, in_planes, out_planes, stride, dropRate=0.0):
        super(BasicBlock, self).__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_planes)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_planes, out_planes, kernel_size=3, stride=1, padding=1, bias=False)
        self.droprate = dropRate
        self.equalInOut = (in_planes == out_planes)
        self.convShortcut = (not self.equalInOut) and nn.Conv2d(
            in_planes, out_planes, kernel_size=1, stride=stride, padding=0, bias=False) or None

    def forward(self, x):
        if not self.equalInOut:
            x = self.relu1(self.bn1(x))
        else:
            out = self.relu1(self.bn1(x))
        out = self.relu2(self.bn2(self.conv1(out if self.equalInOut else x)))
        if self.droprate > 0:
            out = F.dropout(out, p=self.droprate, training=self.training)
        out = self.conv2(out)
        return torch.add(out, x if self.equalInOut else self.convShortcut(x))


class NetworkBlock(nn.Module):
    def __init__(self, nb_layers, in_planes, out_planes, block, stride, dropRate=0.0):
        super(NetworkBlock, self).__init__()
        self.layer = self._make_layer(block, in_planes, out_planes, nb_layers, stride, dropRate)

    def _make_layer(self, block, in_planes, out_planes, nb_layers, stride, dropRate):
        layers = []
        for i in range(int(nb_layers)):
            layers.append(block(i == 0 and in_planes or out_planes, out_planes, i == 0 and stride or 1, dropRate))
        return nn.Sequential(*layers)

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth=10, num_classes=10, widen_factor=1, dropRate=0.3):
        super(WideResNet, self).__init__()
        nChannels = [4, 4 * widen_factor, 8 * widen_factor]
        assert (depth - 4) % 6 == 0
        n = (depth - 4) / 6
        self.conv1 = nn.Conv2d(3, nChannels[0], kernel_size=3, stride=1, padding=1, bias=False)
        self.block1 = NetworkBlock(n, nChannels[0], nChannels[1], BasicBlock, 1, dropRate)
        self.block2 = NetworkBlock(n, nChannels[1], nChannels[2], BasicBlock, 2, dropRate)
        self.bn1 = nn.BatchNorm2d(nChannels[2])
        self.relu = nn.ReLU(inplace=False)
        self.fc = nn.Linear(nChannels[2], num_classes)
        self.nChannels = nChannels[2]

    def forward(self, x):
        out = self.conv1(x)
        out = self.block1(out)
        out = self.block2(out)
        out = self.relu(self.bn1(out))
        out = F.avg_pool2d(out, 8)
        out = out.view(-1, self.nChannels)
        return self.fc(out)


model = WideResNet()
""",
    (3, 16, 16),
)

EVERYDAY["channels shuffled by views"] = (
    """
def channel_shuffle(x, groups):
    batchsize, num_channels, height, width = x.size()
    channels_per_group = num_channels // groups
    x = x.view(batchsize, groups, channels_per_group, height, width)
    x = torch.transpose(x, 1, 2).contiguous()
    x = x.view(batchsize, -1, height, width)
    return x


class ShuffleBlock(nn.Module):
    def __init__(self, groups):
        super(ShuffleBlock, self).__init__()
        self.groups = groups

    def forward(self, x):
        N, C, H, W = x.size()
        g = self.groups
        return x.view(N, g, C // g, H, W).permute(0, 2, 1, 3, 4).reshape(N, C, H, W)


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.a = nn.Conv2d(3, width, 1)
        self.b = nn.Conv2d(width, width << 1, 1, groups=2)
        self.shuffle = ShuffleBlock(groups=4)
        self.c = nn.Conv2d(width << 1, 4, 1, groups=4)

    def forward(self, x):
        x = self.b(channel_shuffle(self.a(x), 2))
        return self.c(self.shuffle(x))


model = Net()
""",
    (3, 16, 16),
)

EVERYDAY["hard activations of one's own"] = (
    """
class h_sigmoid(nn.Module):
    def __init__(self, inplace=True):
        super(h_sigmoid, self).__init__()
        self.relu = nn.ReLU6(inplace=inplace)

    def forward(self, x):
        return self.relu(x + 3) / 6


class h_swish(nn.Module):
    def __init__(self, inplace=True):
        super(h_swish, self).__init__()
        self.sigmoid = h_sigmoid(inplace=inplace)

    def forward(self, x):
        return x * self.sigmoid(x)


class hswish(nn.Module):
    def forward(self, x):
        out = x * F.relu6(x + 3, inplace=True) / 6
        return out


model = nn.Sequential(nn.Conv2d(3, 4, 3), h_swish(), nn.Conv2d(4, 4, 3), h_sigmoid(), nn.Conv2d(4, 4, 3), hswish())
""",
    (3, 16, 16),
)

EVERYDAY["a discriminator with one score"] = (
    """
def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Discriminator(nn.Module):
    def __init__(self, ngpu=1, nc=3, ndf=4):
        super(Discriminator, self).__init__()
        self.ngpu = ngpu
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, input):
        if input.is_cuda and self.ngpu > 1:
            output = nn.parallel.data_parallel(self.main, input, range(self.ngpu))
        else:
            output = self.main(input)
        return output.view(-1, 1).squeeze(1)


netD = Discriminator(1)
netD.apply(weights_init)
model = netD
""",
    (3, 16, 16),
)

EVERYDAY["super-resolution with scaled branches"] = (
    """
class ResBlock(nn.Module):
    def __init__(self, n_feats, kernel_size=3, res_scale=0.1, bn=False, act=nn.ReLU(True)):
        super(ResBlock, self).__init__()
        m = []
        for i in range(2):
            m.append(nn.Conv2d(n_feats, n_feats, kernel_size, padding=(kernel_size // 2)))
            if bn:
                m.append(nn.BatchNorm2d(n_feats))
            if i == 0:
                m.append(act)
        self.body = nn.Sequential(*m)
        self.res_scale = res_scale

    def forward(self, x):
        res = self.body(x).mul(self.res_scale)
        res += x
        return res


class Upsampler(nn.Sequential):
    def __init__(self, scale, n_feats):
        m = []
        if (scale & (scale - 1)) == 0:
            for _ in range(int(math.log(scale, 2))):
                m.append(nn.Conv2d(n_feats, 4 * n_feats, 3, padding=1))
                m.append(nn.PixelShuffle(2))
        super(Upsampler, self).__init__(*m)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1))
        self.body = nn.Sequential(*[ResBlock(8) for _ in range(2)], nn.Conv2d(8, 8, 3, padding=1))
        self.tail = nn.Sequential(Upsampler(2, 8), nn.Conv2d(8, 3, 3, padding=1))

    def forward(self, x):
        x = self.head(x / 255.0)
        res = self.body(x)
        res += x
        return self.tail(res)


model = Net()
""",
    (3, 8, 8),
)
