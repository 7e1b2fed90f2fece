"""The process that reads arrays of a student and stores them as an upload."""

from cnnviz.data import own_uploads
from cnnviz.data.channels import ChannelsUnknownError
from cnnviz.data.npy_upload import read_npz, read_pair
from cnnviz.data.uploads import UploadInfo
from cnnviz.imports.arrays_import import NO_MEMORY, ArraysAnswer, ArraysOrder
from cnnviz.processes.one_shot import serve
from cnnviz.settings import settings


def store_arrays(request: bytes) -> bytes:
    """Answers an ArraysOrder with an ArraysAnswer; raises CnnvizError with the reason where it cannot be read."""
    order, max_bytes = ArraysOrder.model_validate_json(request), settings().max_upload_bytes
    try:
        if order.labels is None:
            content = read_npz(order.feats.read_bytes(), max_bytes, order.channels)
        else:
            content = read_pair(order.feats.read_bytes(), order.labels.read_bytes(), max_bytes, order.channels)
    except ChannelsUnknownError as question:
        answer = ArraysAnswer(question=str(question), shape=question.shape, sample=question.sample.tolist())
    else:
        answer = ArraysAnswer(name=own_uploads().add(order.owner, content, UploadInfo(order.title)).name)
    return answer.model_dump_json().encode()


def main() -> None:
    """Stores one data set."""
    serve(store_arrays, no_memory=NO_MEMORY)
