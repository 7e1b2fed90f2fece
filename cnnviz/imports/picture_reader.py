"""The process that reads one picture."""

from cnnviz.data.picture import read_picture
from cnnviz.imports.picture_read import NO_MEMORY, PictureOrder
from cnnviz.processes.one_shot import serve


def read(request: bytes) -> bytes:
    """Answers a PictureOrder with the values as float32; raises DataError with the reason where it cannot be read."""
    order = PictureOrder.model_validate_json(request)
    channels, height, width = order.shape
    picture = read_picture(order.path.read_bytes(), order.name, height, width, grey=channels == 1)
    return picture.astype("<f4").tobytes()


def main() -> None:
    """Reads one picture."""
    serve(read, no_memory=NO_MEMORY)
