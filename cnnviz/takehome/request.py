"""Names of what can be asked for of a run, beside its files."""

ALL_FILES, MLFLOW = "all", "mlflow"
EVENTS_FILE = "tensorboard/events.out.tfevents.0.cnnviz"
"""The event file for TensorBoard."""
SCALING_ONNX = "model-with-scaling.onnx"
"""The trained net as ONNX behind the scaling of its samples."""
