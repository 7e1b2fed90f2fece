import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from safetensors.torch import save

from cnnviz.architecture import Architecture
from cnnviz.errors import CnnvizError, DataError, DesignError, LimitError
from cnnviz.insight.predictions import Predictions
from cnnviz.layers import Linear
from cnnviz.settings import Settings
from cnnviz.takehome import unpack as unpacking
from cnnviz.takehome.manifest import ARCHIVE_FIELDS
from cnnviz.takehome.pack import pack, run_files
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.takehome.unpack import unpack
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from tests.takehome.run_archives import NET, failed_archive, trained_archive

LIMITS = Settings()
SMALL = replace(trained_archive(), points=trained_archive().points[:5])
FILES = run_files(SMALL)
ZIP = pack(SMALL, {})


def zip_bytes(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def run(**values: object) -> bytes:
    return json.dumps(json.loads(FILES["run.json"]) | values).encode()


def points_csv(*points: str) -> bytes:
    return "\n".join(["step,epoch,split,metric,value", *points]).encode()


def equal_archives(first: RunArchive, second: RunArchive) -> bool:
    if (first.predictions is None) != (second.predictions is None):
        return False
    if first.predictions and second.predictions:
        assert np.array_equal(first.predictions.probabilities, second.predictions.probabilities)
        assert np.array_equal(first.predictions.y, second.predictions.y)
        assert first.predictions.classes == second.predictions.classes
    fields = (*ARCHIVE_FIELDS, "architecture", "config", "points", "weights", "classes", "facts", "end_reason")
    return all(getattr(first, name) == getattr(second, name) for name in fields)


def is_refused(content: bytes) -> bool:
    """Whether it is refused with a sentence; what is accepted can be packed and read again."""
    try:
        run_archive = unpack(content, LIMITS)
    except CnnvizError as error:
        assert str(error).endswith(".")  # noqa: PT017 (both ways out are right)
        return True
    assert equal_archives(unpack(pack(run_archive, {}), LIMITS), run_archive)
    return False


def test_a_run_comes_back_as_it_was() -> None:
    run_archive = unpack(pack(trained_archive(), {"report.html": b"<p>", "charts/loss.svg": b"<svg>"}), LIMITS)
    assert equal_archives(run_archive, trained_archive())
    assert run_archive.facts == trained_archive().facts


def test_an_archive_without_a_reason_gets_the_one_that_its_message_tells() -> None:
    assert unpack(pack(trained_archive(), {}), LIMITS).end_reason == EndReason.EARLY_STOPPING
    older = json.loads(FILES["run.json"])
    del older["end_reason"]
    for status, message, reason in [
        ("failed", "The batch loss stopped being a number at step 3 (epoch 1): the training diverged.", "diverged"),
        ("stopped", "", "student"),
        ("done", "", "none"),
    ]:
        content = json.dumps(older | {"status": status, "message": message}).encode()
        assert unpack(zip_bytes(FILES | {"run.json": content}), LIMITS).end_reason == reason
        unknown = run(status=status, message=message, end_reason="of a later cnnviz")
        assert unpack(zip_bytes(FILES | {"run.json": unknown}), LIMITS).end_reason == reason


def test_a_run_of_which_hardly_anything_is_known_comes_back() -> None:
    assert equal_archives(unpack(pack(failed_archive(), {}), LIMITS), failed_archive())


@given(
    st.lists(
        st.builds(
            Point,
            st.integers(0, 2**31 - 1),
            st.integers(0, 2**31 - 1),
            st.sampled_from(["batch", "train", "test", "device", "2", "4.a1"]),
            st.sampled_from(["loss", "top-5", "macro F1", 'a,"b']),
            st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)
@effort(max_examples=50, deadline=None)
def test_points_come_back_bit_for_bit(points: list[Point]) -> None:
    back = unpack(pack(failed_archive(points=tuple(points)), {}), LIMITS).points
    assert back == tuple(points)
    assert np.array([point.value for point in back]).tobytes() == np.array([point.value for point in points]).tobytes()


def test_predictions_that_are_sure_are_no_bomb() -> None:
    y = np.zeros(400_000, np.int64)
    sure = Predictions(np.eye(10, dtype=np.float32)[y], y, trained_archive().classes)
    assert equal_archives(unpack(pack(replace(SMALL, predictions=sure), {}), LIMITS), replace(SMALL, predictions=sure))


def test_a_zip_that_was_unpacked_and_packed_again_in_a_folder_is_read() -> None:
    for more in ({}, {"charts/loss.svg": b"<svg>"}):
        assert equal_archives(
            unpack(zip_bytes({f"my run/{name}": content for name, content in (FILES | more).items()}), LIMITS), SMALL
        )


def test_other_files_are_passed_over() -> None:
    assert equal_archives(unpack(zip_bytes(FILES | {"evil.pkl": b"\x80\x04", "a/b/run.json": b"{}"}), LIMITS), SMALL)


def test_what_nobody_can_see_is_replaced() -> None:
    run_archive = unpack(zip_bytes(FILES | {"run.json": run(title="a\u202eb\u0000c", message="one\ntwo\r")}), LIMITS)
    assert (run_archive.title, run_archive.message) == ("a�b�c", "one\ntwo�")


REFUSED: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no run": ({"run.json": None}, "This zip contains no run: run.json is missing"),
    "no design": ({"design.json": None}, "incomplete: design.json is missing"),
    "no points": ({"points.csv": None}, "incomplete: points.csv is missing"),
    "no json": ({"run.json": b"\xff"}, "^run.json: Invalid JSON"),
    "deep json": ({"run.json": b'{"title":' + b"[" * 100_000}, "recursion limit"),
    "newer": ({"run.json": run(format=2)}, r"^run.json, format: should be 1 \(received 2\)"),
    "status": ({"run.json": run(status="running")}, "'done', 'stopped' or 'failed'"),
    "long title": ({"run.json": run(title="x" * 201)}, "at most 200 characters"),
    "a day in the year 10000": ({"run.json": run(created=3e11)}, "less than or equal to"),
    "steps": ({"run.json": run(steps=2**31)}, "run.json, steps"),
    "NaN": ({"run.json": run(worked=float("nan"))}, "run.json, worked: should be a finite number"),
    "huge number": ({"run.json": run(steps=0).replace(b'"steps": 0', b'"steps": 1' + b"0" * 5000)}, "out of range"),
    "too many classes": ({"run.json": run(classes=[str(i) for i in range(1001)])}, "at most 1000 items"),
    "a long class": ({"run.json": run(classes=["x" * 61])}, "at most 60 characters"),
    "twice the same class": ({"run.json": run(classes=["a", "a"])}, "name every class once"),
    "axes": ({"run.json": run(axes=["channel"])}, "1 axes, but the design has 3"),
    "facts": ({"run.json": run(facts={"parts": "many"})}, "run.json, facts, parts"),
    "scale": ({"run.json": run(facts={"scale": {"mean": [1.0], "std": []}})}, "run.json, facts, scale, std"),
    "zero scale": ({"run.json": run(facts={"scale": {"mean": [1.0], "std": [0.0]}})}, "can be divided by"),
    "config": ({"config.json": b'{"learning_rate": 99}'}, "^config.json, learning_rate: .*received 99"),
    "strange config": ({"config.json": b'{"lr": 1}'}, "^config.json, lr: "),
    "design": ({"design.json": b'{"input_shape": [0]}'}, "This design cannot be read"),
    "no layers": ({"design.json": b'{"input_shape": [8]}'}, "has no layers"),
    "misfit": (
        {"design.json": NET.move_layer(0, 4).to_json().encode()},
        "does not fit, so it was never trained. Layer ",
    ),
    "no scores": (
        {"design.json": NET.with_input_shape((1, 8)).remove_layer(0).to_json().encode()},
        "one row of scores",
    ),
    "huge design": (
        {
            "design.json": Architecture(input_shape=(1_000_000,), layers=[Linear(out_features=65_536)])
            .to_json()
            .encode()
        },
        r"65,536,065,536 parameters; this server takes at most 20,000,000",
    ),
    "pickle": ({"weights.safetensors": b"\x80\x04"}, "weights.safetensors is no .safetensors file"),
    "other weights": (
        {"weights.safetensors": save({"linear1.weight": torch.zeros(1)})},
        "weights.safetensors does not fit this design",
    ),
    "huge weights": ({"weights.safetensors": bytes(98 * 2**20)}, "^weights.safetensors takes 102,760,448 bytes"),
    "no predictions": ({"predictions.safetensors": b"{}"}, "predictions.safetensors is no .safetensors file"),
    "empty points": ({"points.csv": b""}, "must begin with the line step,epoch"),
    "binary points": ({"points.csv": points_csv("\0")}, "damaged in or after line 2"),
    "too few columns": (
        {"points.csv": points_csv("1,1,batch,loss,0.5", "1,1,batch,loss")},
        "damaged in or after line 3",
    ),
    "infinite": ({"points.csv": points_csv("1,1,batch,loss,inf")}, "damaged"),
    "negative": ({"points.csv": points_csv("-1,1,batch,loss,1")}, "damaged"),
    "large": ({"points.csv": points_csv(f"1,{2**31},batch,loss,1")}, "damaged"),
    "very large": ({"points.csv": points_csv("1" * 5000 + ",1,batch,loss,1")}, "damaged"),
    "long metric": ({"points.csv": points_csv(f"1,1,batch,{'x' * 33},1")}, "damaged"),
    "long line": ({"points.csv": points_csv("x" * 200_000)}, "damaged"),
    "no text": ({"points.csv": points_csv() + b"\n\xff"}, "damaged"),
    "split": ({"points.csv": points_csv("1,1,9.a1,loss,1")}, "the split “9.a1”, which this design does not have"),
    "metrics": (
        {"points.csv": points_csv(*(f"1,1,batch,m{i},1" for i in range(51)))},
        "more than 2,000,000 points or 50",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_stranger_is_told_what_is_wrong(name: str) -> None:
    changes, sentence = REFUSED[name]
    files = {name: content for name, content in (FILES | changes).items() if content is not None}
    # stored: what repeats itself a thousand times would be refused before anything is read
    with pytest.raises(CnnvizError, match=sentence) as error:
        unpack(zip_bytes(files, zipfile.ZIP_STORED), LIMITS)
    assert len(str(error.value)) < 500


P, Y = torch.full((2, 10), 0.1), torch.tensor([0, 9])


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({"probabilities": P}, "must hold probabilities and y"),
        ({"probabilities": P.double(), "y": Y}, "must hold probabilities .N, C. float32"),
        ({"probabilities": P, "y": Y.int()}, "must hold probabilities .N, C. float32"),
        ({"probabilities": P, "y": Y[:1]}, "must hold probabilities .N, C. float32"),
        ({"probabilities": P[0], "y": Y}, "must hold probabilities .N, C. float32"),
        ({"probabilities": torch.tensor(0.5), "y": torch.tensor(1)}, "has 0 probabilities"),
        ({"probabilities": P[:, :9], "y": Y}, "has 9 probabilities for each sample, for 10 classes"),
        ({"probabilities": torch.zeros(2, 11), "y": Y}, "has 11 probabilities"),
        ({"probabilities": P[:0], "y": Y[:0]}, "holds no samples"),
        ({"probabilities": P * 20, "y": Y}, "not between 0 and 1"),
        ({"probabilities": P * float("nan"), "y": Y}, "not between 0 and 1"),
        ({"probabilities": P, "y": Y + 1}, "not between 0 and 9"),
        ({"probabilities": P, "y": Y - 1}, "not between 0 and 9"),
    ],
)
def test_predictions_that_are_none_are_refused(tensors: dict[str, torch.Tensor], sentence: str) -> None:
    content = save({name: values.contiguous() for name, values in tensors.items()})
    with pytest.raises(DataError, match=f"^predictions.safetensors .*{sentence}"):
        unpack(zip_bytes(FILES | {"predictions.safetensors": content}), LIMITS)


def test_a_net_may_have_more_scores_than_there_are_classes() -> None:
    classes = trained_archive().classes[:3]
    files = {
        "run.json": run(classes=classes),
        "predictions.safetensors": save({"probabilities": P, "y": Y.clamp(0, 2)}),
    }
    predictions = unpack(zip_bytes(FILES | files), LIMITS).predictions
    assert predictions
    assert predictions.classes[:4] == (*classes, "score 4 (no class)")


@pytest.mark.parametrize(("scores", "is_kept"), [(unpacking.MAX_SCORES, True), (unpacking.MAX_SCORES + 1, False)])
def test_predictions_too_wide_to_count_mistakes_in_are_left_out(scores: int, is_kept: bool) -> None:
    """A zip of 500 kB with 65,536 scores made a table of 32 GiB where its mistakes were looked at."""
    net = Architecture(input_shape=(2,), layers=[Linear(out_features=scores)])
    wide = Predictions(np.full((2, scores), 1e-4, np.float32), np.array([0, 1]), ("a", "b"))
    back = unpack(pack(failed_archive(architecture=net, classes=("a", "b"), predictions=wide), {}), LIMITS)
    assert (back.predictions is not None) == is_kept
    assert back.classes == ("a", "b")


def test_a_design_with_a_long_name_in_it_is_refused_in_short() -> None:
    """The reason was as long as the name, and had in it whatever the name had."""
    design = json.dumps({"input_shape": [8], "layers": [], "\u202e" + "9" * 5000: 1}).encode()
    with pytest.raises(DesignError, match="cannot be read") as error:
        unpack(zip_bytes(FILES | {"design.json": design}), LIMITS)
    assert len(str(error.value)) < 500
    assert "\u202e" not in str(error.value)


def test_weights_that_are_no_numbers_are_refused() -> None:
    net = Architecture(input_shape=(2,), layers=[Linear(out_features=1)])
    weights = save({"fc1.weight": torch.tensor([[1.0, float("nan")]]), "fc1.bias": torch.zeros(1)})
    with pytest.raises(DataError, match=r"not finite numbers, in fc1.weight"):
        unpack(pack(failed_archive(architecture=net, weights=weights), {}), LIMITS)


def test_what_is_larger_than_the_server_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitError, match="parameters; this server takes at most 10"):
        unpack(ZIP, Settings(max_parameters=10))
    monkeypatch.setattr(unpacking, "MAX_POINTS", 4)
    with pytest.raises(CnnvizError, match=r"more than 4 points|points.csv takes"):
        unpack(ZIP, LIMITS)
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1000)
    with pytest.raises(LimitError, match="This zip takes"):
        unpack(ZIP, LIMITS)


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_bytes(FILES | {"points.csv": points_csv() + b"\n" * (150 * 2**20)})
    assert len(bomb) < 2**20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(DataError, match="would grow from"):
        unpack(bomb, LIMITS)


def test_a_member_that_is_larger_than_it_says_is_not_read() -> None:
    content = b"x" * 100_000
    lie = zip_bytes(FILES | {"config.json": content}).replace(
        len(content).to_bytes(4, "little"), (500).to_bytes(4, "little")
    )
    with pytest.raises(DataError, match="damaged"):
        unpack(lie, LIMITS)


@given(st.binary(max_size=300))
@example(b"")
@effort(max_examples=50, deadline=None)
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert is_refused(content)


@given(st.integers(0, len(ZIP) - 1))
@effort(max_examples=50, deadline=None)
def test_a_zip_that_was_cut_off_is_refused(length: int) -> None:
    assert is_refused(ZIP[:length])


@given(st.lists(st.tuples(st.integers(0, len(ZIP) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@effort(max_examples=100, deadline=None)
def test_a_zip_with_other_bytes_in_it_is_refused_or_a_run(changes: list[tuple[int, int]]) -> None:
    content = bytearray(ZIP)
    for place, byte in changes:
        content[place] = byte
    is_refused(bytes(content))


def mutations(content: bytes) -> st.SearchStrategy[bytes]:
    """A file with a stretch of it replaced by something else, which keeps most of it readable."""
    places = st.tuples(st.integers(0, len(content)), st.integers(0, 20))
    pieces = st.one_of(
        st.binary(max_size=20), st.sampled_from([b"0", b"-1", b"1e999", b"null", b"[]", b"{}", b'"', b","])
    )
    return st.builds(lambda place, piece: content[: place[0]] + piece + content[sum(place) :], places, pieces)


@pytest.mark.parametrize("name", FILES)
@effort(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_zip_with_a_strange_member_is_refused_or_a_run(name: str, data: st.DataObject) -> None:
    content = data.draw(st.one_of(mutations(FILES[name]), st.binary(max_size=100)))
    is_refused(zip_bytes(FILES | {name: content}, zipfile.ZIP_STORED))
