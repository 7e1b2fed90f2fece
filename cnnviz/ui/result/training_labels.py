"""Training samples whose label is doubtful: where a net has them, their neighbours have another one."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.errors import CnnvizError
from cnnviz.inside.embedding import check_width
from cnnviz.insight.neighbour_labels import NeighbourLabels, compare_labels
from cnnviz.runs.cluster import cluster
from cnnviz.ui.data.content import split_indices
from cnnviz.ui.data.left_out import leave_out_box
from cnnviz.ui.data.sample_card import PICTURE_WIDTH
from cnnviz.ui.inside.embedding import MAX_SAMPLES, embed_places, part_numbers
from cnnviz.ui.inside.samples import choose_places
from cnnviz.ui.inside.subject_choice import run_subject
from cnnviz.ui.result.gallery import SAMPLES_PER_PAGE, TestedRun, draw_sample
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label


def training_labels_view(tested: TestedRun) -> None:
    """Draws the training samples whose neighbours in the last hidden layer have another label."""
    content, dataset, config = tested.content, tested.dataset, tested.config
    run = cluster().run(current_owner(), tested.run_id)
    if content is None or dataset is None or config is None or run is None:
        st.caption("The samples themselves cannot be shown: their data set was changed or removed.")
        return
    try:
        rows = split_indices(content, dataset.split_kind(config.split_kind), config.left_out)
        subject = run_subject(run, dataset, content, 0 if rows is None else int(rows[0][0]))
        check_width(subject.architecture)
        places = choose_places(subject, content, MAX_SAMPLES)
        embedding = embed_places(subject, content, places, "PCA")
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    training = np.flatnonzero(part_numbers(subject, content)[places] == 0)
    y = np.asarray(content.y)
    found = compare_labels(y[places[training]], y[places[embedding.nearest[training]]])
    doubted = found.contradicted
    st.subheader(f"{count_label(len(doubted), 'label')} of {len(training):,} to look at", anchor=False)
    st.caption(
        f"At least half of the {embedding.nearest.shape[1]} training samples nearest to each, as the net has them"
        f" before layer {embedding.title}, share another label; the least supported first. A net that has learned long"
        " knows wrong labels by heart, and puts such samples where their label says."
    )
    _gallery(tested, dataset, content, [(int(places[training[row]]), int(row)) for row in doubted], found)


def _gallery(
    tested: TestedRun, dataset: Dataset, content: Content, doubted: Sequence[tuple[int, int]], found: NeighbourLabels
) -> None:
    """Draws samples by their index, each with its row in what was found; more when More is pressed."""
    more = f"more-training-{tested.run_id}"
    limit = SAMPLES_PER_PAGE * (1 + counter(more))
    with st.container(horizontal=True, gap="medium", key=f"samples-training-{tested.run_id}"):
        for index, row in doubted[:limit]:
            label, rival = (content.classes[int(number)] for number in (content.y[index], found.rival[row]))
            with st.container(width=PICTURE_WIDTH, gap="small"):
                alt = f"training sample {index}: is {label}, its neighbours are {rival}"
                draw_sample(tested, index, alt=alt, key=f"inside-training-{index}")
                st.markdown(
                    f":small[is **{escape_markdown(label)}**, as {found.support[row]:.0%} of its neighbours  \n"
                    f":red[{escape_markdown(rival)} {found.rival_support[row]:.0%}]]"
                )
                leave_out_box(dataset, content, index, key="training")
    if len(doubted) > limit:
        st.button(
            f"More of {len(doubted):,}",
            key=f"go-training-{tested.run_id}",
            icon=":material/expand_more:",
            on_click=count_up,
            args=(more,),
        )
