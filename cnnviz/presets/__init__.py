"""Nets to start from.

base.py       Preset, and the pieces that several are made of
first.py      the lab's net, and one for the digits that come with the app
keywords.py   better nets for the lab's task
published.py  nets from papers
"""

from cnnviz.presets.base import Preset
from cnnviz.presets.first import DIGITS, LAB
from cnnviz.presets.keywords import FOUR_BLOCKS, RESIDUAL, SEPARABLE, THREE_BLOCKS
from cnnviz.presets.published import ALEXNET, LENET_5, RESNET_18, RESNET_20, VGG_11

__all__ = ["PRESETS", "Preset"]

PRESETS: dict[str, Preset] = {
    "lab-convnet": LAB,
    "keywords-three-blocks": THREE_BLOCKS,
    "keywords-four-blocks": FOUR_BLOCKS,
    "keywords-residual": RESIDUAL,
    "keywords-separable": SEPARABLE,
    "digits-convnet": DIGITS,
    "lenet-5": LENET_5,
    "alexnet": ALEXNET,
    "vgg-11": VGG_11,
    "resnet-18": RESNET_18,
    "resnet-20": RESNET_20,
}
"""Every preset by its name."""
