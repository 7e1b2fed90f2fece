"""Settings of a server, from environment variables that start with CNNVIZ_."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnnviz.errors import CnnvizError
from cnnviz.validation import describe_error


class Mode(StrEnum):
    """For whom a server is."""

    SINGLE = "single"
    """For whoever opens it: nobody has to say who they are."""
    CLASS = "class"
    """For a class: everybody logs in, and there are teachers."""


class Settings(BaseSettings):
    """Limits and addresses that whoever runs the server decides; each field is read from CNNVIZ_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="CNNVIZ_", frozen=True)

    mode: Mode = Field(Mode.SINGLE, description="'class': everybody logs in, and there are teachers.")
    data_dir: Path = Field(
        Path(__file__).parent.parent / ".cnnviz", description="Where runs, weights and uploads are kept."
    )
    database_url: str = Field(
        "",
        repr=False,  # it may hold a password
        description="Address of a PostgreSQL database for runs; empty: SQLite in a file of the data directory.",
    )
    devices: str = Field("", description="Devices to train on, such as 'cpu' or 'cuda:0,cuda:1'; empty: what is there.")
    hosts: str = Field(
        "",
        description="Names by which browsers reach this server, such as 'nets.example.org, *.example.com', beside"
        " localhost, the machine's own name and addresses in numbers; '*': any name.",
    )
    threads: Annotated[int, Field(ge=0)] = Field(
        0, description="CPU threads of each training process; 0: all cores where it trains on the CPU, else one."
    )
    niceness: Annotated[int, Field(ge=0, le=19)] = Field(
        10, description="How far training and other work outside the server stand back behind pages; 0: not at all."
    )
    goal: Annotated[float, Field(ge=0, le=1)] = Field(
        0.90, description="Validation accuracy that is drawn as the goal, unless a student chooses another."
    )
    max_active_runs: Annotated[int, Field(ge=1)] = Field(
        5, description="Runs that one student may have waiting, running or paused at a time."
    )
    max_running_runs: Annotated[int, Field(ge=1)] = Field(
        2, description="Of those, runs that take turns on a device at the same time."
    )
    max_address_runs: Annotated[int, Field(ge=1)] = Field(
        60, description="Runs that all students of one network address may have waiting or running at a time."
    )
    proxies: str = Field(
        "",
        description="Addresses of reverse proxies, such as '10.0.0.2, 10.0.0.3', whose X-Forwarded-For header says from"
        " which address a student comes; empty: none is believed.",
    )
    login_hours: Annotated[float, Field(gt=0, le=24 * 366)] = Field(
        12.0, description="Hours after which somebody has to log in again."
    )
    idle_minutes: Annotated[float, Field(ge=0, le=24 * 60 * 366)] = Field(
        120.0, description="Minutes after which a login ends in whose pages nobody has done anything; 0: never."
    )
    login_header: str = Field(
        "",
        description="Header, such as 'X-Remote-User', in which the proxies in CNNVIZ_PROXIES say who somebody is, in"
        " place of class code, name and PIN; empty: none.",
    )
    max_epochs: Annotated[int, Field(ge=1)] = Field(1000, description="Epochs that a run may have.")
    max_run_seconds: Annotated[int, Field(ge=1)] = Field(
        3600, description="Seconds that a device works for one run; then it is stopped, with its weights."
    )
    checkpoint_seconds: Annotated[float, Field(ge=0.05)] = Field(
        1.0, description="Seconds between two checkpoints of a run, from which it goes on if the machine dies."
    )
    max_device_bytes: Annotated[int, Field(ge=0)] = Field(
        0, description="Memory that the runs in turn on one device may take together; 0: half of what there is."
    )
    max_parameters: Annotated[int, Field(ge=1)] = Field(
        20_000_000, description="Largest net that may be trained, in trainable parameters."
    )
    max_training_bytes: Annotated[int, Field(ge=1)] = Field(
        4 * 2**30, description="Largest estimate of one run's memory: weights, gradients and a batch of activations."
    )
    max_turn_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Longest work, in expected seconds, that nothing can interrupt while others wait for a turn."
    )
    max_export_bytes: Annotated[int, Field(ge=1)] = Field(
        100 * 2**20, description="Largest ONNX file, in bytes of its weights, that a net is written to."
    )
    mlflow_uri: str = Field(
        "",
        description="Address of an MLflow server that students may hand runs to; empty: none. Needs `mlflow-skinny`.",
    )
    datasets_dir: Path | None = Field(
        None,
        description="A folder whose folders, .zip and .tar.gz files (one folder for each class in it) become data sets"
        " for everybody; empty: none.",
    )
    max_uploads: Annotated[int, Field(ge=0)] = Field(5, description="Data sets that one student may keep.")
    max_owner_bytes: Annotated[int, Field(ge=0)] = Field(
        2 * 2**30, description="Bytes that the data sets of one student may take together."
    )
    max_uploads_bytes: Annotated[int, Field(ge=0)] = Field(
        20 * 2**30, description="Bytes that the data sets of all students may take together."
    )
    max_owner_incoming_bytes: Annotated[int, Field(ge=0)] = Field(
        2**30, description="Bytes of the files that one student has sent and not used yet, or is sending."
    )
    max_incoming_bytes: Annotated[int, Field(ge=0)] = Field(
        10 * 2**30, description="Bytes of such files of all students together; they are on the disk."
    )
    max_stored_bytes: Annotated[int, Field(ge=1)] = Field(
        8 * 2**30, description="Largest data set, in bytes, that is made of an archive in CNNVIZ_DATASETS_DIR."
    )
    max_upload_bytes: Annotated[int, Field(ge=1)] = Field(
        600 * 2**20, description="Largest array, in bytes as float32, that one upload may hold."
    )


@cache
def settings() -> Settings:
    """Returns the settings of this process, read once; raises CnnvizError with the first variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        name = "_".join(map(str, error.errors(include_url=False)[0]["loc"])).upper()
        raise CnnvizError(describe_error(error, place=f"The environment variable CNNVIZ_{name}")) from None
