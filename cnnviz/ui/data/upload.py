"""Bring your own data: a zip of folders, or arrays as the lab has them; and what was brought so far."""

import logging
from functools import partial

import streamlit as st
from pydantic import ValidationError

from cnnviz.data import own_uploads
from cnnviz.data.audio import Features
from cnnviz.data.form import PictureForm, SampleForm, SoundForm
from cnnviz.data.npy_upload import read_npz, read_pair
from cnnviz.data.uploads import UploadInfo
from cnnviz.errors import DataError, validation_sentence
from cnnviz.imports.imports import ImportProgress
from cnnviz.runs.cluster import cluster
from cnnviz.settings import settings
from cnnviz.shapes import format_shape
from cnnviz.ui.data.page import forget_dataset, use_dataset
from cnnviz.ui.state import current_owner, open_dataset_later, session_dict
from cnnviz.ui.widgets.counter import is_news
from cnnviz.ui.widgets.fields import escape_markdown, field
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.ui.widgets.uploader import empty_uploaders, uploader_key

log = logging.getLogger(__name__)

FILE_KINDS = ("what the files are", "sounds", "pictures")
REFRESH_SECONDS = 0.5
"""Seconds between two looks at an import."""
UPLOAD = "upload"
"""Name of the form of uploaders that is emptied when its files were taken."""
SAMPLE_FORMS = "sample-forms"
"""Session dict with what the files of a zip become: a SoundForm and a PictureForm."""


def upload_view() -> None:
    """Every way to bring data of one's own."""
    zipped, arrays = st.columns(2, gap="large")
    with zipped, st.container(border=True):
        _zip_upload()
    with arrays, st.container(border=True):
        _arrays_upload()
    _own_datasets()
    _class_imports()


def _zip_upload() -> None:
    st.markdown("**A zip of folders**")
    st.caption(
        "One folder for each class, with .wav, .flac or .ogg sounds of any rate and length, or .png or .jpg pictures of"
        " any size. A damaged file among good ones is named and left out."
    )
    progress = cluster().imports.progress_of(current_owner())
    if progress:
        _import_progress()
        return
    kind = st.segmented_control(
        "Read as", FILE_KINDS, default=FILE_KINDS[0], required=True, key="kind", persist_state="session"
    )
    form = _form_fields(kind or FILE_KINDS[0])
    template = st.text_input(
        "Who is heard",
        key="template",
        max_chars=80,
        placeholder="{speaker}_{n}",
        help="Where a file's name says who the speaker is, for the split by speaker: {speaker}, {n} for a number, * for"
        " anything. Names as in Speech Commands and {speaker}_{n} are understood without it.",
    )
    st.file_uploader("zip", type="zip", key=_key("zip"))
    st.text_input("Name", key=_key("zip-title"), max_chars=60, placeholder="My recordings")
    st.button(
        "Read the zip", icon=":material/folder_zip:", on_click=_start_import, args=(form, template), key="read-zip"
    )


def _key(name: str) -> str:
    return uploader_key(name, UPLOAD)


def _form_fields(kind: str) -> SampleForm | None:
    """What the files become; None where the files themselves suggest it."""
    if kind == FILE_KINDS[0]:
        return None
    name = "sound-form" if kind == "sounds" else "picture-form"
    form: SampleForm = session_dict(SAMPLE_FORMS).setdefault(name, SoundForm() if kind == "sounds" else PictureForm())
    with st.container(horizontal=True, key="form"):
        if isinstance(form, SoundForm):
            _fields(form, name, ("seconds",))
            feature_fields = ["kind", "sample_rate", "window", "step", "bands"]
            _fields(
                form.features,
                name,
                (*feature_fields, "coefficients") if form.features.kind == "MFCC" else tuple(feature_fields),
            )
        elif isinstance(form, PictureForm):
            _fields(form, name, ("height", "width", "grey"))
    if isinstance(form, SoundForm):
        st.caption(
            f"Frames: {escape_markdown(form.features.frame_count_formula(form.sample_count))}. One sample is"
            f" {format_shape(form.shape)}."
        )
    return form


def _fields(model: SoundForm | PictureForm | Features, name: str, fields: tuple[str, ...]) -> None:
    for field_name in fields:
        with st.container(width=120):
            field(
                model,
                field_name,
                key=f"{name}-{field_name}",
                on_change=partial(_change_form, name, isinstance(model, Features)),
            )


def _change_form(name: str, features: bool, field_name: str, value: object) -> None:
    form = session_dict(SAMPLE_FORMS)[name]
    try:
        if features:
            changed = type(form)(**dict(form) | {"features": Features(**dict(form.features) | {field_name: value})})
        else:
            changed = type(form)(**dict(form) | {field_name: value})
    except ValidationError as error:
        raise DataError(validation_sentence(field_name, value, error)) from None
    session_dict(SAMPLE_FORMS)[name] = changed


def _start_import(form: SampleForm | None, template: str) -> None:
    zip_file = st.session_state.get(_key("zip"))
    with notify_errors():
        if zip_file is None:
            raise DataError("Choose a zip first: one folder for each class, the files of the class in it.")
        title = st.session_state[_key("zip-title")].strip() or zip_file.name.removesuffix(".zip")
        cluster().imports.start(current_owner(), zip_file.getvalue(), title, form, template.strip())
        empty_uploaders(UPLOAD)


@st.fragment(run_every=REFRESH_SECONDS)
def _import_progress() -> None:
    """How far the import is; looked at again and again while it goes on."""
    progress = cluster().imports.progress_of(current_owner())
    if progress is None:
        st.rerun()
        return
    if progress.active:
        st.progress(progress.done / progress.total if progress.total else 0.0, _progress_text(progress))
        st.button("Cancel", icon=":material/close:", on_click=_cancel_import, key="cancel-import")
        return
    if is_news("ended-import", progress.name):  # the list below and the data sets above have changed
        if progress.status == "done" and cluster().imports.claim_result(current_owner()):
            open_dataset_later(progress.name)
        st.rerun()
    if progress.status == "done":
        st.success(
            f"“{escape_markdown(progress.title)}” is there. {escape_markdown(progress.message)}",
            icon=":material/check:",
        )
    else:
        st.warning(escape_markdown(progress.message), icon=":material/error:")
    st.button("Bring another one", on_click=_dismiss_import, key="dismiss-import")


@st.fragment(run_every=REFRESH_SECONDS)
def import_status_line() -> None:
    """One line on an import that goes on while something else is looked at."""
    progress = cluster().imports.progress_of(current_owner())
    if progress and progress.active:
        st.caption(f":material/folder_zip: {_progress_text(progress)}; more of it under “Bring your own”.")
    elif progress:
        st.rerun()


def _progress_text(progress: ImportProgress) -> str:
    title = escape_markdown(progress.title)
    if progress.status == "waiting":
        return f"“{title}” waits for another import"
    if not progress.total:
        return f"“{title}” is being opened …"
    return f"“{title}” is being read: {progress.done:,} of {progress.total:,} files"


def _cancel_import() -> None:
    cluster().imports.cancel(current_owner())


def _dismiss_import() -> None:
    cluster().imports.dismiss(current_owner())


def _arrays_upload() -> None:
    st.markdown("**Arrays, as in the lab**")
    st.caption(
        "Two files written by `np.save`: features of shape (samples, height, width), as the lab has them, or with 2 to"
        " 5 axes, and one label per sample, a number or a text. Or both in one, written by"
        " `np.savez(file, feats=…, labels=…)`."
    )
    # In a form, a file that arrives does not run the page: a page that starts to run throws away the address to
    # which another file was about to be sent (Streamlit 1.67), and that file never comes.
    with st.form("own-data", border=False):
        st.file_uploader("feats.npy", type="npy", key=_key("feats"))
        st.file_uploader("labels.npy", type="npy", key=_key("labels"))
        st.file_uploader("or both in one .npz", type="npz", key=_key("npz"))
        st.text_input("Name", key=_key("title"), max_chars=60, placeholder="My data")
        st.form_submit_button("Use these files", key="use-files", on_click=_add_arrays)


def _add_arrays() -> None:
    feats, labels, npz = (st.session_state[_key(name)] for name in ("feats", "labels", "npz"))
    with notify_errors():
        if npz and not feats and not labels:
            content = read_npz(npz.getvalue(), settings().max_upload_bytes)
        elif feats and labels and not npz:
            content = read_pair(feats.getvalue(), labels.getvalue(), settings().max_upload_bytes)
        else:
            raise DataError(
                "Choose both files, the features and their labels, or one .npz with both; then press “Use these files”."
            )
        try:
            dataset = own_uploads().add(current_owner(), content, UploadInfo(st.session_state[_key("title")].strip()))
        except OSError:
            log.exception("an upload could not be kept")
            raise DataError("The server could not keep these files; its disk may be full.") from None
        use_dataset(dataset.name)
        empty_uploaders(UPLOAD)


def _own_datasets() -> None:
    datasets = own_uploads().datasets_of(current_owner())
    if datasets:
        st.subheader("Yours so far", anchor=False)
    for name, dataset in datasets.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{escape_markdown(dataset.title)}**: {dataset.size:,} × {format_shape(dataset.shape)}",
                width="content",
            )
            st.button("Remove", key=f"remove-{name}", on_click=_remove_dataset, args=(name,), type="tertiary")


def _remove_dataset(name: str) -> None:
    own_uploads().remove(current_owner(), name)
    forget_dataset(name)
    progress = cluster().imports.progress_of(current_owner())
    if progress and progress.name == name:  # what its import had to tell is over, too
        cluster().imports.dismiss(current_owner())


def _class_imports() -> None:
    """What the teacher's archives are becoming."""
    for progress in cluster().imports.class_imports():
        if progress.active:
            st.progress(progress.done / progress.total if progress.total else 0.0, _progress_text(progress))
        elif progress.status == "refused":
            st.warning(
                f"“{escape_markdown(progress.title)}”: {escape_markdown(progress.message)}",
                icon=":material/folder_off:",
            )
