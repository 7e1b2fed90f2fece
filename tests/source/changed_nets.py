"""Nets that are changed in ways that are easily overlooked; each ends with `model`, and takes (3, 16, 16)."""

CHANGED: dict[str, str] = {
    "monkey forward on instance": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
import types
model.forward = types.MethodType(lambda self, x: self.a(self.b(x)), model)
""",
    "monkey forward on class after": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
Net.forward = lambda self, x: self.act(self.a(x))
""",
    "monkey forward on class before": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


def new(self, x):
    return self.act(self.b(x))
Net.forward = new
model = Net()
""",
    "instance forward plain function": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.forward = lambda x: model.act(model.a(x))
""",
    "class attribute changed later": """\
class Net(nn.Module):
    width = 4
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, self.width, 3)

    def forward(self, x):
        return self.c(x)


Net.width = 7
model = Net()
""",
    "setattr on class": """\
class Net(nn.Module):
    width = 4
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, self.width, 3)

    def forward(self, x):
        return self.c(x)


setattr(Net, 'width', 7)
model = Net()
""",
    "reassigned in init": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.a = nn.Conv2d(3, 3, 5, padding=2)

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
""",
    "reassigned in forward": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        self.a = self.b
        return self.a(x)


model = Net()
""",
    "reassigned outside": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.a = nn.Conv2d(3, 3, 5)
""",
    "reassigned outside setattr": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
setattr(model, 'a', nn.Conv2d(3, 3, 5))
""",
    "reassigned outside _modules": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model._modules['a'] = nn.Conv2d(3, 3, 5)
""",
    "reassigned outside __dict__": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.__dict__['act'] = nn.Tanh()
""",
    "reassigned outside add_module": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.add_module('a', nn.Conv2d(3, 3, 5))
""",
    "function changes model": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
def change(m):
    m.a = nn.Conv2d(3, 3, 5)
change(model)
""",
    "apply changes": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
def change(m):
    if isinstance(m, Net):
        m.a = nn.Conv2d(3, 3, 5)
model.apply(change)
""",
    "loop changes": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
for name, child in model.named_children():
    if isinstance(child, nn.Conv2d):
        setattr(model, name, nn.Conv2d(3, 3, 5))
""",
    "__call__ overridden": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def __call__(self, x):
        return self.act(self.a(x))


model = Net()
""",
    "__call__ overridden super": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def __call__(self, x):
        return self.act(super().__call__(x))


model = Net()
""",
    "__setattr__": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def __setattr__(self, name, value):
        super().__setattr__(name, nn.Identity() if name == 'b' else value)


model = Net()
""",
    "hook forward model": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.register_forward_hook(lambda m, i, o: torch.relu(o))
""",
    "weight tying": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.c = nn.Conv2d(3, 3, 3, padding=1)
        self.c.weight = self.a.weight

    def forward(self, x):
        return self.c(self.a(x))


model = Net()
""",
    "deepcopy": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        import copy
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.c = copy.deepcopy(self.a)

    def forward(self, x):
        return self.c(self.a(x))


model = Net()
""",
    "list times": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cs = nn.ModuleList([nn.Conv2d(3, 3, 1)] * 2)

    def forward(self, x):
        for c in self.cs:
            x = c(x)
        return x


model = Net()
""",
    "del item outside": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3))

    def forward(self, x):
        return self.s(x)


model = Net()
del model.s[1]
""",
    "global counter": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = 0
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        self.n += 1
        if self.n > 1:
            x = self.act(x)
        return self.a(x)


model = Net()
""",
    "property setter": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = 4
        self.c = nn.Conv2d(3, self.width, 3)

    def forward(self, x):
        return self.c(x)

    @property
    def width(self):
        return self._w * 2

    @width.setter
    def width(self, v):
        self._w = v


model = Net()
""",
    "changed stride attr outside": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
model.a.stride = (2, 2)
""",
    "changed stride getattr": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
layer = model.a
layer.stride = (2, 2)
""",
    "bn momentum loop": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.BatchNorm2d(3)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eps = 0.5

    def forward(self, x):
        return self.n(x)


model = Net()
""",
    "bn eps in loop outside": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.n(x)


model = Net()
for m in model.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.eps = 0.5
""",
    "modules loop replaces": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        for name, mod in self.named_modules():
            if name == 'act':
                self.act = nn.Tanh()

    def forward(self, x):
        return self.act(self.a(x))


model = Net()
""",
    "try in init": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        try:
            import nothere
            self.act = nn.Tanh()
        except ImportError:
            self.act = nn.ReLU()
        self.a=nn.Conv2d(3,3,3)

    def forward(self, x):
        return self.act(self.a(x))


model = Net()
""",
    "try raises": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        try:
            k = int('x')
            n = 4
        except ValueError:
            n = 5
        self.a = nn.Conv2d(3, n, 3)

    def forward(self, x):
        return self.a(x)


model = Net()
""",
    "sequential add same name": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Sequential()
        self.s.add_module('c', nn.Conv2d(3, 3, 5))
        self.s.add_module('d', nn.ReLU())
        self.s.add_module('c', nn.Conv2d(3, 3, 3))

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "ordereddict same key": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Sequential(OrderedDict([('c', nn.Conv2d(3, 3, 5)), ('d', nn.ReLU()), ('c', nn.Conv2d(3, 4, 3))]))

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "attr None then module order": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = None
        self.a = nn.Conv2d(3,3,1)
        self.b = nn.Conv2d(3,3,5)

    def forward(self, x):
        for c in self.children():
            x = c(x)
        return x


model = Net()
""",
    "self.children order": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Conv2d(3,3,3)
        self.a = nn.Conv2d(3,3,1)
        self.b = nn.Conv2d(3,3,5)

    def forward(self, x):
        for c in self.children():
            x = c(x)
        return x


model = Net()
""",
    "exec": """\
model = nn.Sequential(nn.Conv2d(3,3,1))
exec('model.append(nn.ReLU())')
""",
    "globals": """\
model = nn.Sequential(nn.Conv2d(3,3,1))
globals()['model'] = nn.Sequential(nn.ReLU())
""",
    "reset by fn": """\
model = nn.Sequential(nn.Conv2d(3,3,1))
def f():
    global model
    model = nn.Sequential(nn.ReLU())
f()
""",
    "decorator on class": """\
def deco(cls):
    cls.forward = lambda self, x: torch.relu(self.a(x))
    return cls

@deco
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
""",
    "__new__": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def __new__(cls):
        return nn.Sequential(nn.Conv2d(3, 4, 1))


model = Net()
""",
    "__init_subclass__": """\
class Base(nn.Module):
    def __init_subclass__(cls):
        cls.k = 5




class Net(Base):
    k = 3
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3,4,self.k)

    def forward(self, x):
        return self.a(x)


model = Net()
""",
    "metaclass": """\
class Meta(type):
    def __call__(cls):
        return nn.Sequential(nn.Conv2d(3,4,1))




class Net(nn.Module, metaclass=Meta):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
""",
    "zip iterator exhaustion": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        z = zip((1, 3), (3, 3))
        list(z)
        self.s = nn.Sequential(*[nn.Conv2d(3, c, k) for k, c in z])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "generator exhaustion": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        g = (k for k in (1, 3))
        list(g)
        self.s = nn.Sequential(*[nn.Conv2d(3, 3, k) for k in g])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "reversed exhaustion": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        r = reversed([1, 3])
        list(r)
        self.s = nn.Sequential(nn.ReLU(), *[nn.Conv2d(3, 3, k) for k in r])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "list aug alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        t = [1]
        u = t
        t += [3]
        self.s = nn.Sequential(nn.ReLU(), *[nn.Conv2d(3, 3, k) for k in u])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "list plus alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        t = [1]
        u = t
        t = t + [3]
        self.s = nn.Sequential(nn.ReLU(), *[nn.Conv2d(3, 3, k) for k in u])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "list times alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        t = [[1]] * 2
        t[0].append(3)
        self.s = nn.Sequential(nn.ReLU(), *[nn.Conv2d(3, 3, k) for k in t[1]])

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "method that changes": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def deepen(self):
        self.b = nn.Conv2d(3, 3, 5)


model = Net()
model.deepen()
""",
    "method in failing stmt": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def deepen(self):
        self.b = nn.Conv2d(3, 3, 5)
        return self


model = Net()
print(len(list(model.deepen().parameters())))
""",
    "method via opt": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))

    def deepen(self):
        self.b = nn.Conv2d(3, 3, 5)
        return self


model = Net()
opt = torch.optim.SGD(model.deepen().parameters(), lr=0.1)
""",
    "alias model": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.b(self.a(x))


model = Net()
other = model
other.a = nn.Conv2d(3, 3, 5)
""",
    "alias part": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Sequential(nn.Conv2d(3,3,1), nn.ReLU())

    def forward(self, x):
        return self.s(x)


model = Net()
part = model.s
part[1] = nn.Tanh()
""",
    "modulelist copies list": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        l = [nn.Conv2d(3,3,1)]
        self.l = nn.ModuleList(l)
        l.append(nn.Tanh())

    def forward(self, x):
        for c in self.l:
            x = c(x)
        return x


model = Net()
""",
    "module dict order": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.d = nn.ModuleDict({'z': nn.Conv2d(3,3,1), 'a': nn.Conv2d(3,3,3)})

    def forward(self, x):
        for k in sorted(self.d):
            x = self.d[k](x)
        return x


model = Net()
""",
    "sequential attr by name": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Sequential(OrderedDict([('c', nn.Conv2d(3, 3, 5)), ('d', nn.ReLU())]))

    def forward(self, x):
        return self.s.d(self.s.c(x))


model = Net()
""",
    "module dict attr": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.d = nn.ModuleDict({'z': nn.Conv2d(3,3,1)})

    def forward(self, x):
        return self.d.z(x)


model = Net()
""",
    "instance hides method": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.step = nn.Tanh()

    def forward(self, x):
        return self.step(self.a(x))

    def step(self, x):
        return x


model = Net()
""",
    "class attr hides __getattr__ module": """\
class Net(nn.Module):
    act = nn.Tanh()
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.a(x))


model = Net()
""",
    "method hides module": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 1)
        self.head = nn.Tanh()

    def forward(self, x):
        return self.head(self.a(x))

    def head(self, x):
        return torch.relu(x)


model = Net()
""",
    "dropout p0 inplace alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        y = self.a(x)
        z = F.dropout(y, 0.5, self.training)
        F.relu_(z)
        return self.b(y)


model = Net()
""",
    "nn.Flatten alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.f = nn.Flatten()

    def forward(self, x):
        y = self.a(x)
        z = self.f(y)
        F.relu_(z)
        return y


model = Net()
""",
    "squeeze alias": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        y = self.a(x)
        z = y.squeeze()
        F.relu_(z)
        return self.b(y)


model = Net()
""",
    "deepcopy after change": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        import copy
        s = nn.Sequential(nn.Conv2d(3, 3, 1))
        t = copy.deepcopy(s)
        s.append(nn.Tanh())
        self.s = t

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "deepcopy alias kept": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        import copy
        a = nn.Conv2d(3, 3, 1)
        s = nn.Sequential(a, a)
        self.s = copy.deepcopy(s)

    def forward(self, x):
        return self.s(x)


model = Net()
""",
    "partial override": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        from functools import partial
        p = partial(nn.Conv2d, 3, 4, kernel_size=3)
        self.a = p(kernel_size=5)

    def forward(self, x):
        return self.a(x)


model = Net()
""",
    "attr set to None": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.b = nn.Conv2d(3, 3, 1)
        self.act = nn.ReLU()
        self.b = None

    def forward(self, x):
        x = self.a(x)
        return x if self.b is None else self.b(x)


model = Net()
""",
}

STACK = """\
model = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.ReflectionPad2d(1), nn.Upsample(scale_factor=2.0)
)
"""
CHANGED |= {
    statement: f"{STACK}{statement}\n"
    for statement in (
        "model[0].stride = (2, 2)",
        "model[2].stride = 1",
        "model[0].padding_mode = 'circular'",
        "model[2].divisor_override = 1",
        "model[0].bias = None",
        "model[3].padding = (2, 2, 2, 2)",
        "model[4].scale_factor = 3.0",
        "list(model)[2].stride = 1",
        "next(model.children()).stride = (2, 2)",
        "next(iter(model)).bias = None",
        "getattr(model, '2').stride = 1",
        "list(model.children())[0].stride = (2, 2)",
        "model.get_submodule('2').stride = 1",
        "def change(net):\n    net[2].stride = 1\nchange(model)",
    )
}
CHANGED["a dict of layers"] = """\
held = nn.ModuleDict({"a": nn.Conv2d(3, 4, 3), "b": nn.ReLU()})
held["a"].stride = (2, 2)
model = nn.Sequential(held["a"], held["b"])
"""
