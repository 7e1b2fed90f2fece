"""What each preset is for: its classes, training samples, batches, and the memory they were trained in."""

from dataclasses import replace

from cnnviz.advice import Task

IMAGENET = Task(classes=1000, samples=1_281_167, batch_size=256, memory=80 * 2**30)
KEYWORDS = Task(classes=35, samples=2_800, batch_size=256, memory=4 * 2**30)
WORDS = Task(classes=35, samples=3080)
TASKS = {
    "lab-convnet": KEYWORDS,
    "keywords-three-blocks": KEYWORDS,
    "keywords-four-blocks": KEYWORDS,
    "keywords-residual": KEYWORDS,
    "keywords-separable": KEYWORDS,
    "keywords-temporal": WORDS,
    "keywords-temporal-medium": WORDS,
    "keywords-temporal-small": WORDS,
    "keywords-broadcast": WORDS,
    "bands-1d": WORDS,
    "raw-1d": WORDS,
    "voxels-3d": Task(classes=8, samples=960),
    "digits-convnet": Task(classes=10, samples=1_437, batch_size=64, memory=4 * 2**30),
    "lenet-5": Task(classes=10, samples=60_000, batch_size=64, memory=4 * 2**30),
    "alexnet": IMAGENET,
    "vgg-11": IMAGENET,
    "resnet-18": IMAGENET,
    "googlenet": IMAGENET,
    "densenet-121": replace(IMAGENET, batch_size=64),
    "mobilenet-v2": IMAGENET,
    "efficientnet-b0": IMAGENET,
    "resnet-20": Task(classes=10, samples=50_000, batch_size=128, memory=4 * 2**30),
}
