"""Bring your own data: a zip of folders, or arrays as the lab has them; and what was brought so far."""

import logging
from functools import partial

import streamlit as st
from pydantic import ValidationError

from cnnviz.data import uploads
from cnnviz.data.audio import Features
from cnnviz.data.form import Form, PictureForm, SoundForm
from cnnviz.data.pair import read_npz, read_pair
from cnnviz.data.uploads import About
from cnnviz.errors import DataError, refused_value
from cnnviz.runs.cluster import cluster
from cnnviz.runs.imports import Progress
from cnnviz.settings import settings
from cnnviz.shapes import show
from cnnviz.ui.dataset import brought, forget
from cnnviz.ui.fields import escaped, field
from cnnviz.ui.state import told
from cnnviz.ui.student import owner

log = logging.getLogger(__name__)

KINDS = ("what the files are", "sounds", "pictures")
TICK = 0.5
"""Seconds between two looks at an import."""
GENERATION = "upload-generation"


def bring() -> None:
    """Every way to bring data of one's own."""
    zipped, arrays = st.columns(2, gap="large")
    with zipped, st.container(border=True):
        _folders()
    with arrays, st.container(border=True):
        _arrays()
    _mine()
    _class()


def _folders() -> None:
    st.markdown("**A zip of folders**")
    st.caption(
        "One folder for each class, with .wav, .flac or .ogg sounds of any rate and length, or .png or .jpg pictures of"
        " any size. A damaged file among good ones is named and left out."
    )
    progress = cluster().imports.of(owner())
    if progress:
        _progress()
        return
    kind = st.segmented_control("Read as", KINDS, default=KINDS[0], required=True, key="kind", persist_state="session")
    form = _form(kind or KINDS[0])
    template = st.text_input(
        "Who is heard",
        key="template",
        max_chars=80,
        placeholder="{speaker}_{n}",
        help="Where a file's name says who the speaker is, for the split by speaker: {speaker}, {n} for a number, * for"
        " anything. Names as in Speech Commands and {speaker}_{n} are understood without it.",
    )
    generation = st.session_state.setdefault(GENERATION, 0)
    st.file_uploader("zip", type="zip", key=f"zip-{generation}")
    st.text_input("Name", key=f"zip-title-{generation}", max_chars=60, placeholder="My recordings")
    st.button("Read the zip", icon=":material/folder_zip:", on_click=_start, args=(form, template), key="read-zip")


def _form(kind: str) -> Form | None:
    """What the files become; None where the files themselves suggest it."""
    if kind == KINDS[0]:
        return None
    name = "sound-form" if kind == "sounds" else "picture-form"
    form: Form = st.session_state.setdefault(name, SoundForm() if kind == "sounds" else PictureForm())
    with st.container(horizontal=True, key="form"):
        if isinstance(form, SoundForm):
            _knobs(form, name, ("seconds",))
            given = ["kind", "sample_rate", "window", "step", "bands"]
            _knobs(form.features, name, (*given, "coefficients") if form.features.kind == "MFCC" else tuple(given))
        elif isinstance(form, PictureForm):
            _knobs(form, name, ("height", "width", "grey"))
    if isinstance(form, SoundForm):
        st.caption(f"Frames: {escaped(form.features.formula(form.length))}. One sample is {show(form.shape)}.")
    return form


def _knobs(model: SoundForm | PictureForm | Features, name: str, fields: tuple[str, ...]) -> None:
    for each in fields:
        with st.container(width=120):
            field(model, each, key=f"{name}-{each}", on_change=partial(_reform, name, isinstance(model, Features)))


def _reform(name: str, features: bool, field_name: str, value: object) -> None:
    form = st.session_state[name]
    try:
        if features:
            changed = type(form)(**dict(form) | {"features": Features(**dict(form.features) | {field_name: value})})
        else:
            changed = type(form)(**dict(form) | {field_name: value})
    except ValidationError as error:
        raise DataError(refused_value(field_name, value, error)) from None
    st.session_state[name] = changed


def _start(form: Form | None, template: str) -> None:
    generation = st.session_state[GENERATION]
    sent = st.session_state.get(f"zip-{generation}")
    with told():
        if sent is None:
            raise DataError("Choose a zip first: one folder for each class, the files of the class in it.")
        title = st.session_state[f"zip-title-{generation}"].strip() or sent.name.removesuffix(".zip")
        cluster().imports.start(owner(), sent.getvalue(), title, form, template.strip())
        st.session_state[GENERATION] = generation + 1  # empty uploaders


@st.fragment(run_every=TICK)
def _progress() -> None:
    """How far the import is; looked at again and again while it goes on."""
    progress = cluster().imports.of(owner())
    if progress is None:
        st.rerun()
        return
    if progress.active:
        st.progress(progress.done / progress.total if progress.total else 0.0, _told(progress))
        st.button("Cancel", icon=":material/close:", on_click=_cancel, key="cancel-import")
        return
    if st.session_state.get("settled") != progress.name:  # the list below and the data sets above have changed
        st.session_state["settled"] = progress.name
        if progress.status == "done" and cluster().imports.claim(owner()):
            st.session_state["to-view"] = progress.name
        st.rerun()
    if progress.status == "done":
        st.success(f"“{escaped(progress.title)}” is there. {escaped(progress.message)}", icon=":material/check:")
    else:
        st.warning(escaped(progress.message), icon=":material/error:")
    st.button("Bring another one", on_click=_dismiss, key="dismiss-import")


@st.fragment(run_every=TICK)
def under_way() -> None:
    """One line on an import that goes on while something else is looked at."""
    progress = cluster().imports.of(owner())
    if progress and progress.active:
        st.caption(f":material/folder_zip: {_told(progress)}; more of it under “Bring your own”.")
    elif progress:
        st.rerun()


def _told(progress: Progress) -> str:
    title = escaped(progress.title)
    if progress.status == "waiting":
        return f"“{title}” waits for another import"
    if not progress.total:
        return f"“{title}” is being opened …"
    return f"“{title}” is being read: {progress.done:,} of {progress.total:,} files"


def _cancel() -> None:
    cluster().imports.cancel(owner())


def _dismiss() -> None:
    cluster().imports.dismiss(owner())


def _arrays() -> None:
    st.markdown("**Arrays, as in the lab**")
    st.caption(
        "Two files written by `np.save`: features of shape (samples, height, width), as the lab has them, or with 2 to"
        " 5 axes, and one label per sample, a number or a text. Or both in one, written by"
        " `np.savez(file, feats=…, labels=…)`."
    )
    generation = st.session_state.setdefault(GENERATION, 0)
    # In a form, a file that arrives does not run the page: a page that starts to run throws away the address to
    # which another file was about to be sent (Streamlit 1.67), and that file never comes.
    with st.form("own-data", border=False):
        st.file_uploader("feats.npy", type="npy", key=f"feats-{generation}")
        st.file_uploader("labels.npy", type="npy", key=f"labels-{generation}")
        st.file_uploader("or both in one .npz", type="npz", key=f"npz-{generation}")
        st.text_input("Name", key=f"title-{generation}", max_chars=60, placeholder="My data")
        st.form_submit_button("Use these files", key="use-files", on_click=_upload)


def _upload() -> None:
    generation = st.session_state[GENERATION]
    feats, labels, npz = (st.session_state[f"{name}-{generation}"] for name in ("feats", "labels", "npz"))
    with told():
        if npz and not feats and not labels:
            content = read_npz(npz.getvalue(), settings().max_upload_bytes)
        elif feats and labels and not npz:
            content = read_pair(feats.getvalue(), labels.getvalue(), settings().max_upload_bytes)
        else:
            raise DataError(
                "Choose both files, the features and their labels, or one .npz with both; then press “Use these files”."
            )
        try:
            dataset = uploads().add(owner(), content, About(st.session_state[f"title-{generation}"].strip()))
        except OSError:
            log.exception("an upload could not be kept")
            raise DataError("The server could not keep these files; its disk may be full.") from None
        brought(dataset.name)
        st.session_state[GENERATION] = generation + 1  # empty uploaders


def _mine() -> None:
    mine = uploads().of(owner())
    if mine:
        st.subheader("Yours so far", anchor=False)
    for name, dataset in mine.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(dataset.title)}**: {dataset.size:,} × {show(dataset.shape)}", width="content")
            st.button("Remove", key=f"remove-{name}", on_click=_remove, args=(name,), type="tertiary")


def _remove(name: str) -> None:
    uploads().remove(owner(), name)
    forget(name)
    progress = cluster().imports.of(owner())
    if progress and progress.name == name:  # what its import had to tell is over, too
        cluster().imports.dismiss(owner())


def _class() -> None:
    """What the teacher's archives are becoming."""
    for progress in cluster().imports.of_class():
        if progress.active:
            st.progress(progress.done / progress.total if progress.total else 0.0, _told(progress))
        elif progress.status == "refused":
            st.warning(f"“{escaped(progress.title)}”: {escaped(progress.message)}", icon=":material/folder_off:")
