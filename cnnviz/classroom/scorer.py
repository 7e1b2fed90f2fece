"""The process that scores what was handed in. It says how often a net is right, and nothing of any sample."""

from cnnviz.architecture import Architecture
from cnnviz.classroom.hidden_test import read_hidden_test
from cnnviz.classroom.measure import measure
from cnnviz.classroom.scoring import NO_MEMORY, Score, ScoringOrder, pack_bits
from cnnviz.data import CLASS_OWNER, find_dataset
from cnnviz.processes.one_shot import serve
from cnnviz.training.config import TrainConfig


def score_net(request: bytes) -> bytes:
    """Returns the score for an order."""
    order = ScoringOrder.model_validate_json(request)
    config = TrainConfig.model_validate_json(order.config)
    measurement = measure(
        Architecture.from_json(order.design),
        config,
        order.weights.read_bytes(),
        find_dataset(config.dataset, CLASS_OWNER),
        read_hidden_test(order.hidden) if order.hidden else None,
    )
    hidden = measurement.hidden
    bits = None if hidden is None else pack_bits(hidden).hex()
    answer = Score(
        validation=measurement.validation, hidden_bits=bits, hidden_samples=0 if hidden is None else len(hidden)
    )
    return answer.model_dump_json().encode()


def main() -> None:
    """Scores one net."""
    serve(score_net, no_memory=NO_MEMORY)
