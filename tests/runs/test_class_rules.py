"""What a teacher allows for a lesson."""

import pytest

from cnnviz.data import DATASETS
from cnnviz.errors import LimitError
from cnnviz.runs.class_rules import ClassRules
from cnnviz.table import parameter_count
from tests.designs import ANNA, BERT, NET, SHORT

PARAMETERS = parameter_count(NET)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (ClassRules(frozen=True), "frozen"),
        (ClassRules(max_epochs=SHORT.epochs - 1), f"{SHORT.epochs - 1} epochs"),
        (ClassRules(max_parameters=PARAMETERS - 1), f"{PARAMETERS - 1:,} parameters"),
        (ClassRules(datasets=("words",)), "other data sets"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_number(rules: ClassRules, words: str) -> None:
    with pytest.raises(LimitError, match=f"^Your teacher .*{words}"):
        rules.check(NET, SHORT)


@pytest.mark.parametrize(
    "rules",
    [
        ClassRules(),
        ClassRules(max_epochs=SHORT.epochs),
        ClassRules(max_parameters=PARAMETERS),
        ClassRules(datasets=(SHORT.dataset,)),
        ClassRules(message="Hello"),
    ],
)
def test_what_is_allowed_passes(rules: ClassRules) -> None:
    rules.check(NET, SHORT)
    rules.check_not_frozen()


def test_own_uploads_can_always_be_chosen_and_built_in_data_as_the_teacher_says() -> None:
    rules = ClassRules(datasets=("words",), presets=("lenet-5",))
    assert [name for name in DATASETS if rules.offers_dataset(name)] == ["words"]
    assert rules.offers_dataset("upload-1")
    assert rules.offers_preset("lenet-5")
    assert not rules.offers_preset("lab-convnet")


def test_a_limit_for_one_student_counts_instead_of_that_for_all_and_never_above_the_servers() -> None:
    rules = ClassRules(max_active_runs=2, student_runs={ANNA: 4, BERT: 99})
    assert [rules.run_limit(owner, 5) for owner in (ANNA, BERT, "another")] == [4, 5, 2]
    assert ClassRules().run_limit(ANNA, 5) == 5


def test_rules_are_read_as_they_are_written() -> None:
    rules = ClassRules(message="é", frozen=True, max_epochs=3, datasets=("words",), student_runs={ANNA: 0})
    assert ClassRules.model_validate_json(rules.model_dump_json()) == rules
