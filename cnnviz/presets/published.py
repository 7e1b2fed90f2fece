"""Nets from papers, with the numbers of parameters that they are known by."""

from cnnviz.architecture import Architecture
from cnnviz.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Tanh,
)
from cnnviz.presets.base import Layers, Preset, basic_block, conv_norm


def _relu_conv(out_channels: int, kernel_size: int = 3, stride: int = 1, padding: int = 1) -> Layers:
    conv = Conv2d(out_channels=out_channels, kernel_size=kernel_size, stride=stride, padding=padding)
    return (conv, ReLU())


LENET_5 = Preset(
    title="LeNet-5",
    description=(
        "Handwritten digits of 32 × 32, 1998: LeCun, Bottou, Bengio & Haffner, “Gradient-based learning applied to "
        "document recognition”. 61,706 parameters with every map of C3 joined to all of S2, plain mean pools and a "
        "Linear at the end; the paper's own 60,000 come from a sparser C3. C5 is a convolution as in the paper: it "
        "sees all 32 × 32."
    ),
    architecture=Architecture(
        input_shape=(1, 32, 32),
        layers=(
            Conv2d(out_channels=6, kernel_size=5),
            Tanh(),
            AvgPool2d(kernel_size=2),
            Conv2d(out_channels=16, kernel_size=5),
            Tanh(),
            AvgPool2d(kernel_size=2),
            Conv2d(out_channels=120, kernel_size=5),
            Tanh(),
            Flatten(),
            Linear(out_features=84),
            Tanh(),
            Linear(out_features=10),
        ),
    ),
)

ALEXNET = Preset(
    title="AlexNet (one tower)",
    description=(
        "Photographs of 224 × 224, 1,000 classes: the net that won ImageNet 2012 on two graphics cards, in its later "
        "form for one; Krizhevsky, “One weird trick for parallelizing convolutional neural networks” (2014), as in "
        "torchvision. 61,100,840 parameters, 96 % of them in three Linear layers. To look at; too large to train here."
    ),
    architecture=Architecture(
        input_shape=(3, 224, 224),
        layers=(
            *_relu_conv(64, kernel_size=11, stride=4, padding=2),
            MaxPool2d(kernel_size=3, stride=2),
            *_relu_conv(192, kernel_size=5, padding=2),
            MaxPool2d(kernel_size=3, stride=2),
            *_relu_conv(384),
            *_relu_conv(256),
            *_relu_conv(256),
            MaxPool2d(kernel_size=3, stride=2),
            AdaptiveAvgPool2d(output_size=6),
            Flatten(),
            Dropout(p=0.5),
            Linear(out_features=4096),
            ReLU(),
            Dropout(p=0.5),
            Linear(out_features=4096),
            ReLU(),
            Linear(out_features=1000),
        ),
    ),
)

VGG_11 = Preset(
    title="VGG-11",
    description=(
        "Photographs of 224 × 224, 1,000 classes, with nothing but windows of 3 and pools of 2: net A of Simonyan & "
        "Zisserman, “Very deep convolutional networks for large-scale image recognition” (2014). 132,863,336 "
        "parameters, 102,764,544 of them in the first Linear. To look at; too large to train here."
    ),
    architecture=Architecture(
        input_shape=(3, 224, 224),
        layers=(
            *_relu_conv(64),
            MaxPool2d(kernel_size=2),
            *_relu_conv(128),
            MaxPool2d(kernel_size=2),
            *_relu_conv(256),
            *_relu_conv(256),
            MaxPool2d(kernel_size=2),
            *_relu_conv(512),
            *_relu_conv(512),
            MaxPool2d(kernel_size=2),
            *_relu_conv(512),
            *_relu_conv(512),
            MaxPool2d(kernel_size=2),
            AdaptiveAvgPool2d(output_size=7),
            Flatten(),
            Linear(out_features=4096),
            ReLU(),
            Dropout(p=0.5),
            Linear(out_features=4096),
            ReLU(),
            Dropout(p=0.5),
            Linear(out_features=1000),
        ),
    ),
)

RESNET_18 = Preset(
    title="ResNet-18",
    description=(
        "Photographs of 224 × 224, 1,000 classes: eight blocks, each of which adds its input to its output; He, Zhang, "
        "Ren & Sun, “Deep residual learning for image recognition” (2015), table 1. 11,689,512 parameters, a fifth of "
        "AlexNet's, because a global pool precedes its only Linear."
    ),
    architecture=Architecture(
        input_shape=(3, 224, 224),
        layers=(
            *conv_norm(64, kernel_size=7, stride=2),
            ReLU(),
            MaxPool2d(kernel_size=3, stride=2, padding=1),
            *basic_block(64),
            *basic_block(64),
            *basic_block(128, stride=2, project=True),
            *basic_block(128),
            *basic_block(256, stride=2, project=True),
            *basic_block(256),
            *basic_block(512, stride=2, project=True),
            *basic_block(512),
            AdaptiveAvgPool2d(output_size=1),
            Flatten(),
            Linear(out_features=1000),
        ),
    ),
)

RESNET_20 = Preset(
    title="ResNet-20",
    description=(
        "Small pictures of 32 × 32 (CIFAR-10): nine residual blocks, section 4.2 of He, Zhang, Ren & Sun, “Deep "
        "residual learning for image recognition” (2015). 272,474 parameters; the paper's 0.27 million, with a 1 × 1 "
        "convolution where a block changes the shape (option B; the paper's option A, which pads with zeros, has 2,752 "
        "fewer)."
    ),
    architecture=Architecture(
        input_shape=(3, 32, 32),
        layers=(
            *conv_norm(16),
            ReLU(),
            *basic_block(16),
            *basic_block(16),
            *basic_block(16),
            *basic_block(32, stride=2, project=True),
            *basic_block(32),
            *basic_block(32),
            *basic_block(64, stride=2, project=True),
            *basic_block(64),
            *basic_block(64),
            AdaptiveAvgPool2d(output_size=1),
            Flatten(),
            Linear(out_features=10),
        ),
    ),
)
