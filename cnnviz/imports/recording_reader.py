"""The process that reads one recording."""

from cnnviz.data.browser_recording import MAX_RECORDING_SECONDS
from cnnviz.data.sound import read_sound
from cnnviz.errors import DataError
from cnnviz.imports.recording_read import NO_MEMORY, RecordingOrder
from cnnviz.processes.one_shot import serve
from cnnviz.words import quote_name


def read(request: bytes) -> bytes:
    """Answers a RecordingOrder with its sound as 16-bit integers; raises DataError where it cannot be read."""
    order = RecordingOrder.model_validate_json(request)
    longest = MAX_RECORDING_SECONDS * order.sample_rate
    sound = read_sound(order.path.read_bytes(), order.name, order.sample_rate, longest)
    if sound.treatment.cut:
        seconds = (longest + sound.treatment.cut) / order.sample_rate
        raise DataError(
            f"{quote_name(order.name)} lasts {seconds:,.1f} seconds; at most {MAX_RECORDING_SECONDS} are read here."
        )
    return sound.samples[: longest - sound.treatment.padded].astype("<i2").tobytes()


def main() -> None:
    """Reads one recording."""
    serve(read, no_memory=NO_MEMORY)
