import json

from cnnviz.presets import PRESETS
from cnnviz.ui.shapes.receptive_field import component_data


def test_a_browser_gets_a_row_per_layer() -> None:
    lab = PRESETS["lab-convnet"].architecture
    data = json.loads(json.dumps(component_data(lab)))
    assert (data["axes"], data["sizes"]) == (["height", "width"], [99, 26])
    assert [(row["kind"], row["size"], row["jump"]) for row in data["links"]][:2] == [
        ("Conv2d", "10 × 10", "1"),
        ("MaxPool2d", "13 × 13", "4"),
    ]
    assert data["links"][5]["jump"] == "–"
    assert data["links"][1]["fields"] == [[40, 13], [4, 13]]
