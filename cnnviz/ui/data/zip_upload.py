"""Data of a student's own as a zip of folders with sounds or pictures."""

from functools import partial

import streamlit as st

from cnnviz.data.audio import Features
from cnnviz.data.form import PictureForm, SoundForm
from cnnviz.data.uploads import check_title
from cnnviz.errors import DataError
from cnnviz.imports.messages import ImportForm
from cnnviz.runs.cluster import cluster
from cnnviz.shapes import format_shape
from cnnviz.ui.data.import_progress import import_progress
from cnnviz.ui.state import current_owner, session_dict
from cnnviz.ui.widgets.fields import escape_markdown, field
from cnnviz.ui.widgets.notice import notify_errors, show_notice
from cnnviz.ui.widgets.uploader import (
    empty_uploaders,
    forget_files,
    kind_uploader,
    received_path,
    uploader_key,
    wrong_kind,
)

FILE_KINDS = ("detect", "sounds", "pictures")
ZIP_FORM = "zip-form"
"""Name of the form of uploaders that is emptied when its file was taken."""
SAMPLE_FORMS = "sample-forms"
"""Session dict with what the files of a zip become: a SoundForm and a PictureForm."""


def zip_upload() -> None:
    """Draws the form for a zip, or how far the import of the last one is."""
    st.markdown("**A zip of folders**")
    st.caption(
        "One folder for each class, with .wav, .flac or .ogg sounds of any rate and length, or .png or .jpg pictures of"
        " any size. A damaged file is reported and left out."
    )
    progress = cluster().imports.progress_of(current_owner())
    if progress:
        import_progress()
        return
    kind = st.segmented_control(
        "Read as", FILE_KINDS, default=FILE_KINDS[0], required=True, key="kind", persist_state="session"
    )
    form = _form_fields(kind or FILE_KINDS[0])
    template = st.text_input(
        "Speaker in the file name",
        key="template",
        max_chars=80,
        placeholder="{speaker}_{n}",
        help="How the file names say who is speaking, for a split by speaker: {speaker}, {n} for a number, * for"
        " anything. Names as in Speech Commands and {speaker}_{n} are recognised without it.",
    )
    kind_uploader("zip", kind="zip", key=_key("zip"))
    st.text_input("Name", key=_key("zip-title"), placeholder="My recordings")
    show_notice(ZIP_FORM)
    st.button(
        "Read the zip", icon=":material/folder_zip:", on_click=_start_import, args=(form, template), key="read-zip"
    )


def _key(name: str) -> str:
    return uploader_key(name, ZIP_FORM)


def _form_fields(kind: str) -> ImportForm | None:
    """Draws what the files become, and returns it; None where that is left to the files themselves."""
    if kind == FILE_KINDS[0]:
        return None
    name = "sound-form" if kind == "sounds" else "picture-form"
    form: ImportForm = session_dict(SAMPLE_FORMS).setdefault(name, SoundForm() if kind == "sounds" else PictureForm())
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
    form: ImportForm = session_dict(SAMPLE_FORMS)[name]
    if features and isinstance(form, SoundForm):
        changed: ImportForm = form.changed(features=form.features.changed(**{field_name: value}))
    else:
        changed = form.changed(**{field_name: value})
    session_dict(SAMPLE_FORMS)[name] = changed


def _start_import(form: ImportForm | None, template: str) -> None:
    zip_file = st.session_state.get(_key("zip"))
    if wrong_kind(zip_file, "zip"):
        return
    with notify_errors(ZIP_FORM):
        if zip_file is None:
            raise DataError("Choose a zip first: it has one folder for each class, with the files of that class.")
        check_title(title := st.session_state[_key("zip-title")].strip())
        title = title or zip_file.name.removesuffix(".zip")
        cluster().imports.start(current_owner(), received_path(zip_file), title, form, template.strip())
        forget_files(zip_file)
        empty_uploaders(ZIP_FORM)
