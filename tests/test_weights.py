import pytest
import torch
from safetensors.torch import save

from cnnviz.architecture import Architecture, build_model
from cnnviz.architecture.weights import read_tensors, read_weights
from cnnviz.errors import DataError, DesignError
from cnnviz.layers import PALETTE, Linear
from tests.torch_oracle import accepted_shape


@pytest.mark.parametrize("kind", PALETTE)
def test_the_state_of_a_net_with_a_layer_of_any_kind_comes_back(kind: str) -> None:
    shape = accepted_shape(kind)
    net = Architecture(input_shape=shape, layers=[PALETTE[kind].default(shape)])
    state = build_model(net).state_dict()
    read = read_weights(save(state), net)
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], value) for name, value in state.items())


def test_a_design_of_any_size_is_only_asked_for_the_shapes_it_wants() -> None:
    gigabytes = Architecture(input_shape=(1_000_000,), layers=[Linear(out_features=65_536)])
    with pytest.raises(DesignError, match=r"fc1.weight is missing in the file, but \(65536, 1000000\) float32"):
        read_weights(save({}), gigabytes)


@pytest.mark.parametrize("values", [torch.zeros(2, 3), torch.zeros(3, 2, dtype=torch.bfloat16)])
def test_another_shape_and_another_type_are_refused(values: torch.Tensor) -> None:
    net = Architecture(input_shape=(2,), layers=[Linear(out_features=3)])
    with pytest.raises(DesignError, match=r"^Mine does not fit this design: fc1.weight is \(.*but \(3, 2\) float32"):
        read_weights(save({"fc1.weight": values, "fc1.bias": torch.zeros(3)}), net, "Mine")


def test_what_a_message_shows_of_a_strangers_name_can_be_seen() -> None:
    net = Architecture(input_shape=(2,), layers=[Linear(out_features=3)])
    with pytest.raises(DesignError, match="design: a�b is "):
        read_weights(save(build_model(net).state_dict() | {"a\u202eb": torch.zeros(1)}), net)


@pytest.mark.parametrize("header", ['{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}', "{", "[]", ""])
def test_a_damaged_file_is_refused(header: str) -> None:
    content = len(header).to_bytes(8, "little") + header.encode() + b"\0"
    with pytest.raises(DataError, match=r"^Mine is no .safetensors file, or is damaged"):
        read_tensors(content, "Mine")
