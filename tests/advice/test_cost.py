from cnnviz.advice import Task
from cnnviz.architecture import training_bytes
from cnnviz.layers import Dropout
from cnnviz.presets import PRESETS
from tests.advice.nets import conv, flatten, linear, net, relu, remarks_of

LAB = PRESETS["lab-convnet"].architecture
MB = 2**20


def test_far_more_parameters_than_samples_are_told_with_the_layer_that_has_most() -> None:
    (remark,) = remarks_of("parameters", LAB, Task(samples=400))
    assert remark.text == (
        "The net has 92,645 parameters to learn from 400 training samples, 232 for each. Layer 6, Linear, alone has"
        " 88,100 of them."
    )
    assert remark.path == (5,)
    assert remark.mend
    assert remark.mend.text == "Put a MaxPool2d with kernel_size 2 before the Flatten (layer 5)"


def test_the_limit_is_two_hundred_for_each_sample_as_twice_vggs() -> None:
    architecture = net(linear(100), shape=(199,))  # 20,000
    assert remarks_of("parameters", architecture, Task(samples=100)) == []
    assert len(remarks_of("parameters", architecture, Task(samples=99))) == 1
    assert remarks_of("parameters", architecture) == []
    assert remarks_of("parameters", PRESETS["vgg-11"].architecture, Task(samples=1_281_167)) == []
    assert remarks_of("parameters", LAB, Task(samples=2_800)) == []


def test_the_pool_is_as_large_as_it_must_be() -> None:
    wide = net(conv(16), relu, flatten, Dropout(), linear(100), shape=(1, 32, 32))
    for samples, kind in [(3_000, "MaxPool2d with kernel_size 2"), (600, "kernel_size 4"), (100, "AdaptiveAvgPool2d")]:
        (remark,) = remarks_of("parameters", wide, Task(samples=samples))
        assert remark.mend
        assert kind in remark.mend.text
    (remark,) = remarks_of("parameters", wide, Task(samples=1))
    assert remark.mend is None


def test_a_net_of_linear_layers_has_nothing_to_pool() -> None:
    (remark,) = remarks_of("parameters", net(flatten, linear(1000), relu, linear()), Task(samples=10))
    assert remark.mend is None


def test_more_memory_than_there_is_is_told_with_the_batch_that_fits() -> None:
    needed = training_bytes(LAB, 1024)
    task = Task(batch_size=1024, memory=needed)
    assert remarks_of("memory", LAB, task) == []
    assert remarks_of("memory", LAB, Task(memory=1)) == remarks_of("memory", LAB, Task(batch_size=1024)) == []
    (remark,) = remarks_of("memory", LAB, Task(batch_size=1024, memory=needed - 1))
    assert remark.text.endswith("Batches of 1,023 would fit.")
    assert remark.path == (0,)


def test_the_batch_that_fits_is_the_largest() -> None:
    for memory in (40 * MB, 100 * MB, 131 * MB):
        (remark,) = remarks_of("memory", LAB, Task(batch_size=4096, memory=memory))
        fitting = int(remark.text.split("Batches of ")[1].split(" ")[0].replace(",", ""))
        assert training_bytes(LAB, fitting) <= memory < training_bytes(LAB, fitting + 1)


def test_where_no_batch_fits_it_says_so() -> None:
    (remark,) = remarks_of("memory", LAB, Task(batch_size=1, memory=MB))
    assert "No batch is small enough" in remark.text
