"""Nets to start from.

base.py              Preset, and stacks that several presets contain
course.py            the lab's net, and one for the digits that come with the app
keywords.py          better nets for the lab's task
small_keywords.py    small ones for the same, in the manner of papers
published.py         nets from papers
deep.py              deep nets from papers, of several hundred layers
bands_and_voxels.py  nets for data with one or three axes behind the channels
"""

from cnnviz.architecture import Architecture
from cnnviz.presets.bands_and_voxels import BANDS_1D, RAW_1D, VOXELS_3D
from cnnviz.presets.base import Preset
from cnnviz.presets.course import DIGITS, LAB
from cnnviz.presets.deep import DENSENET_121, EFFICIENTNET_B0, GOOGLENET, MOBILENET_V2
from cnnviz.presets.keywords import FOUR_BLOCKS, RESIDUAL, SEPARABLE, THREE_BLOCKS
from cnnviz.presets.published import ALEXNET, LENET_5, RESNET_18, RESNET_20, VGG_11
from cnnviz.presets.small_keywords import BROADCAST, TEMPORAL, TEMPORAL_MEDIUM, TEMPORAL_SMALL

__all__ = ["PRESETS", "Preset", "net_name"]

PRESETS: dict[str, Preset] = {
    "lab-convnet": LAB,
    "keywords-three-blocks": THREE_BLOCKS,
    "keywords-four-blocks": FOUR_BLOCKS,
    "keywords-residual": RESIDUAL,
    "keywords-separable": SEPARABLE,
    "keywords-temporal": TEMPORAL,
    "keywords-temporal-medium": TEMPORAL_MEDIUM,
    "keywords-temporal-small": TEMPORAL_SMALL,
    "keywords-broadcast": BROADCAST,
    "bands-1d": BANDS_1D,
    "raw-1d": RAW_1D,
    "voxels-3d": VOXELS_3D,
    "digits-convnet": DIGITS,
    "lenet-5": LENET_5,
    "alexnet": ALEXNET,
    "vgg-11": VGG_11,
    "resnet-18": RESNET_18,
    "resnet-20": RESNET_20,
    "googlenet": GOOGLENET,
    "densenet-121": DENSENET_121,
    "mobilenet-v2": MOBILENET_V2,
    "efficientnet-b0": EFFICIENTNET_B0,
}
"""Every preset by the name that commands and links use."""


def net_name(architecture: Architecture) -> str:
    """Returns the title of the preset that a design equals, or how many layers it has.

    >>> net_name(Architecture(input_shape=(3,)))
    'net of 0 layers'
    """
    title = next((preset.title for preset in PRESETS.values() if preset.architecture == architecture), "")
    return title or f"net of {len(architecture.layers)} layers"
