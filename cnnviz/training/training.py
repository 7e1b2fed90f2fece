"""Training with ignite in slices: takes batches, emits points, and ends with the weights of the best epoch."""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from ignite.engine import Engine, Events
from ignite.handlers import EpochOutputStore
from torch import Tensor

from cnnviz.data.scaling import Scale
from cnnviz.errors import DivergenceError
from cnnviz.training.batches import Batches
from cnnviz.training.best_weights import BestWeights
from cnnviz.training.gradient_stats import GradientStats
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import DEVICE, TEST, TRAIN, VALIDATION, Point
from cnnviz.training.prepared_data import Batch
from cnnviz.training.recorder import Recorder
from cnnviz.training.schedule import build_scheduler
from cnnviz.training.sliced_job import SlicedJob
from cnnviz.training.snapshot import Snapshot, copy_to_cpu, load_optimizer_state, optimizer_state

OUT_OF_MEMORY_MESSAGE = (
    "The training needs more memory than this device has free. Use a smaller batch size or a smaller net."
)
"""Message for the student whose training ran out of memory."""
MAX_PROBABILITY_BYTES = 2**26
"""Largest size in bytes of the test probabilities that are kept."""
MAX_SCORES = 2_000
"""Largest number of scores for which probabilities are kept: a confusion matrix has as many rows and columns."""
MIN_TRAIN_SAMPLES_EVALUATED = 2_000
"""Training samples evaluated after each epoch, or as many as there are validation samples if that is more."""
logging.getLogger("ignite").setLevel(logging.CRITICAL)  # it raises what it logs, unless an interrupted run is dropped


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Outcome of a training: the best weights, their test predictions, and a state to continue from."""

    weights: dict[str, Tensor]
    """State dict of the best epoch, as `EpochScore` ranks them, on the CPU."""
    best_epoch: int
    """0 when it was stopped before the first epoch ended."""
    stopped: bool
    scale: Scale
    """Scaling that was applied to all samples before the net saw them."""
    note: str = ""
    """Why it ended before its last epoch; "" where it did not, or was stopped."""
    probabilities: Tensor | None = None
    """Class probabilities (N, C) in the order of the test part, on the CPU; None without a test or if too many."""
    final_snapshot: Snapshot | None = None
    """State from which more epochs can be trained; None if it was stopped during an evaluation."""


class Training(SlicedJob):
    """Training that can be interrupted after any step and continued, here or on another machine.

    Each step emits the batch loss; each epoch emits the loss and METRICS on training samples (dropout off) and on
    validation, and the gradient and update of each layer at its last step. At the end, the weights of the best epoch
    are evaluated once on the test part; a stop ends the training at once, without a test. Its random numbers are its
    own: no other work between two of its slices changes them.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        setup, config, data = self.setup, self.config, self.data
        self._model, self._optimizer, self._batches = setup.model, setup.optimizer, setup.batches
        x, y = data.train
        # the split has shuffled: the first ones are a fair sample
        sample = max(MIN_TRAIN_SAMPLES_EVALUATED, len(data.validation[1]))
        self._evaluated_parts = {TRAIN: (x[:sample], y[:sample]), VALIDATION: data.validation}
        self.steps = config.epochs * self._batches.batch_count
        self._schedule = build_scheduler(self._optimizer, config, self.steps, self._batches.batch_count)
        self._gradient_stats, self._gradient_points = GradientStats(self._model), list[Point]()
        self._best, self._recorder = BestWeights(self._model), Recorder(self.emit, config)
        self._trainer, self._outputs = self._new_trainer(), EpochOutputStore()
        self._evaluator = Engine(lambda _, batch: setup.predict(batch))
        self._outputs.attach(self._evaluator)
        for handler in (self._stop_if_asked, self._maybe_interrupt):
            self._evaluator.add_event_handler(Events.ITERATION_COMPLETED, handler)
        self._step_loss = torch.zeros(())
        self._stopped = False
        self.evaluates = False
        self._resumed_epoch = self._evaluated_step = 0
        self._scores = torch.empty(0)
        self._final_snapshot: Snapshot | None = None
        self._stacked_error: DivergenceError | None = None
        self._step_start_states = self._random_states()
        self._work = self._train()

    @property
    def step(self) -> int:
        """Optimizer steps done so far."""
        return self._batches.batches_before(self._trainer.state.iteration)

    @property
    def in_step(self) -> bool:
        """Whether it was interrupted between two micro-batches of a step."""
        micro_batches = self._trainer.state.iteration
        return micro_batches > 0 and not self._batches.place(micro_batches - 1).is_last

    def advance(self, until: Callable[[], bool] = lambda: False) -> TrainingResult | None:
        """Trains until `until`, called after each micro-batch and batch of an evaluation, returns True.

        Returns the result once the training has ended. Raises DivergenceError when the loss is no longer a number.
        """
        if self._stacked_error:
            raise self._stacked_error
        with self._slice(until):
            result = next(self._work, None)
            self._recorder.flush()
            return result

    def snapshot(self, *, ended: bool = False) -> Snapshot:
        """Returns a copy of its state between two steps, or before the one that it is in.

        If `ended`, it continues only when given more epochs.
        """
        if self._final_snapshot:  # the model has the best weights now
            facts = self._final_snapshot.metadata | {"ended": ended, "resumed": self._resumed_epoch}
            return Snapshot(self._final_snapshot.tensors, facts)
        random, augmentation = self._step_start_states if self.in_step else self._random_states()
        tensors = {
            "model": copy_to_cpu(self._model.state_dict()),
            "best": self._best.weights if self._best.epoch else {},
            "optimizer": optimizer_state(self._optimizer),
            "random": {name: state.clone() for name, state in random.items()},
            "order": {"batches": self._batches.state(self.step), "augmentation": augmentation},
        }
        flat = {f"{part}/{name}": value for part, named in tensors.items() for name, value in named.items()}
        facts = {"step": self.step, "best": self._best.state_dict(), "seconds": self._stopwatch.state()}
        facts |= {"ended": ended, "resumed": self._resumed_epoch, "evaluated": self._evaluated_step}
        return Snapshot(flat, facts)

    def restore(self, snapshot: Snapshot) -> None:
        """Continues from a snapshot of a training with the same design, data and seed, perhaps with more epochs."""
        step, per_epoch = snapshot.metadata["step"], self._batches.batch_count
        self._model.load_state_dict(snapshot.tensors_below("model"))
        for _ in range(step):  # the schedule is a function of the step: it needs no state of its own
            self._schedule(None)
        load_optimizer_state(self._optimizer, snapshot.tensors_below("optimizer"))
        self.setup.random.states = snapshot.tensors_below("random")
        order = snapshot.tensors_below("order")
        self._move_to(step, order["batches"])
        self.setup.augmentation_generator.set_state(order["augmentation"])
        self._best.restore(snapshot)
        self._stopwatch.restore(snapshot.metadata["seconds"])
        self._resumed_epoch = step // per_epoch if snapshot.metadata["ended"] else snapshot.metadata["resumed"]
        self._evaluated_step = snapshot.metadata.get("evaluated", step - step % per_epoch)

    def close(self) -> None:
        """Does nothing: a training holds nothing that must be released."""

    @property
    def stackable_steps(self) -> int:
        """Number of steps that it can do in one pass with other trainings before something is to be done for it alone.

        That is the last step of an epoch, whose gradients and updates are measured, evaluations, and its end.
        """
        if self.in_step or self.evaluates or self._final_snapshot or self._stacked_error or self.should_stop():
            return 0
        if self._epoch_is_unevaluated or self._is_over():
            return 0
        return self._batches.batch_count - 1 - self.step % self._batches.batch_count

    @contextmanager
    def stacked(self) -> Iterator[Iterator[Batch]]:
        """Lets steps be done elsewhere within the block, on the batches that it gives; each ends with `add_step`."""
        order = self._batches.state(self.step)
        self._move_to(self.step, order)
        try:
            yield iter(self._batches)
        finally:
            self._move_to(self.step, order)
        with self._error_kept():
            self._recorder.flush()

    def begin_stacked_step(self) -> None:
        """Sets the learning rate of the next step."""
        self._schedule(None)

    def finish_stacked_step(self, loss: Tensor, seconds: float) -> None:
        """Counts a step that was done elsewhere, its loss, and its share of the time; `advance` raises its errors."""
        self._trainer.state.iteration += 1
        self._stopwatch.add(seconds)
        with self._error_kept():
            self._recorder.record_batch_loss(self.step, (self.step - 1) // self._batches.batch_count + 1, loss)

    @contextmanager
    def _error_kept(self) -> Iterator[None]:
        """Keeps a divergence for the next `advance`: other trainings in the stack go on."""
        try:
            yield
        except DivergenceError as error:
            self._stacked_error = error

    def _move_to(self, step: int, order: Tensor) -> None:
        """Lets the training go on after this step, in the order of samples of an epoch that began with this state."""
        self._batches.resume(order, step)
        self._trainer = self._new_trainer()
        state = {"epoch_length": len(self._batches), "max_epochs": self.config.epochs}
        self._trainer.load_state_dict(state | {"iteration": self._batches.micro_batches_before(step)})

    def _new_trainer(self) -> Engine:
        trainer = Engine(self._train_micro_batch)
        trainer.add_event_handler(Events.GET_BATCH_STARTED, self._keep_random_states)
        trainer.add_event_handler(Events.ITERATION_STARTED, self._begin_step)
        for handler in (self._stop_if_asked, self._finish_step, self._maybe_interrupt):
            trainer.add_event_handler(Events.ITERATION_COMPLETED, handler)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self._finish_epoch)
        return trainer

    def _train(self) -> Iterator[TrainingResult | None]:
        """Does all the work; yields None where it is interrupted, and the result at the end."""
        while True:
            if self._epoch_is_unevaluated:
                yield from self._evaluate_epoch()
                if self._is_over():
                    break
                if self._until():
                    yield None
            if self._is_over():
                break
            with self.setup.random.activate():
                self._trainer.run(self._batches, max_epochs=self.config.epochs)
            if self._interrupted and not self._epoch_is_unevaluated:
                yield None
        yield from self._finish()

    @property
    def _epoch_is_unevaluated(self) -> bool:
        """Whether the last step was that of an epoch, with no metrics of it yet."""
        at_end = self.step > 0 and self.step % self._batches.batch_count == 0 and not self.in_step
        return at_end and self.step != self._evaluated_step

    def _is_over(self) -> bool:
        return self.step >= self.steps or self._stopped or self._is_out_of_patience()

    def _is_out_of_patience(self) -> bool:
        patience, epoch = self.config.patience, self.step // self._batches.batch_count
        at_end = self.step % self._batches.batch_count == 0
        waited = epoch - max(self._best.epoch, self._resumed_epoch)
        return bool(patience) and at_end and waited >= patience < self.config.epochs

    def _keep_random_states(self, engine: Engine) -> None:
        """Keeps the random states from before a step of several micro-batches, within which a stop may come."""
        place = self._batches.place(engine.state.iteration)
        if place.is_first and not place.is_last:
            self._step_start_states = self.setup.random.current(), self.setup.augmentation_generator.get_state()

    def _random_states(self) -> tuple[dict[str, Tensor], Tensor]:
        return self.setup.random.states, self.setup.augmentation_generator.get_state()

    def _begin_step(self, engine: Engine) -> None:
        if self._batches.place(engine.state.iteration - 1).is_first:
            self._schedule(None)

    def _train_micro_batch(self, engine: Engine, micro_batch: Batch) -> Tensor:
        place = self._batches.place(engine.state.iteration - 1)
        loss = self.setup.backward(micro_batch, place)
        self._step_loss = loss if place.is_first else self._step_loss + loss
        if place.is_last:
            self._change_weights(engine)
        return self._step_loss

    def _change_weights(self, engine: Engine) -> None:
        if engine.state.iteration % len(self._batches):
            self._optimizer.step()
        else:  # once an epoch
            self._gradient_stats.before_step()
            self._optimizer.step()
            self._gradient_points = self._gradient_stats.after_step(self.step, engine.state.epoch)

    def _stop_if_asked(self, engine: Engine) -> None:
        if self.should_stop():
            self._stopped = True
            if engine is self._evaluator or not self._epoch_is_unevaluated:  # else it ends here, with what it reports
                engine.terminate()

    def _finish_step(self, engine: Engine) -> None:
        if not self.in_step:
            self._recorder.record_batch_loss(self.step, engine.state.epoch, cast("Tensor", engine.state.output))

    def _maybe_interrupt(self, engine: Engine) -> None:
        is_ending = engine.should_terminate  # ignite would begin a terminated engine anew
        batches = cast("Batches", engine.state.dataloader)
        if engine.state.iteration % len(batches) and not is_ending and self._until():
            self._interrupt(engine)

    def _finish_epoch(self, engine: Engine) -> None:
        self._recorder.flush()
        speed = [
            Point(self.step, engine.state.epoch, DEVICE, name, value) for name, value in self._throughput().items()
        ]
        self._recorder.send([*self._gradient_points, *speed])
        engine.terminate()  # to evaluate: `_train` begins the next epoch with it

    def _evaluate_epoch(self) -> Iterator[None]:
        """Measures the last epoch on parts of the data; yields where it is interrupted."""
        step, epoch = self.step, self.step // self._batches.batch_count
        metrics: dict[str, float] | None = None
        for name, part in self._evaluated_parts.items():
            metrics = yield from self._evaluate(part)
            if metrics is None:
                return
            self._recorder.record_metrics(name, step, epoch, metrics)
        self._best.update(step, epoch, metrics or {})
        self._evaluated_step = step
        self._stopwatch.start_epoch()

    def _evaluate(self, part: Batch) -> Generator[None, None, dict[str, float] | None]:
        """Returns loss and metrics of the current weights on a part; None if the training was stopped meanwhile.

        Yields where it is interrupted.
        """
        batches = self.setup.evaluation_batches(part)
        while True:
            self._model.eval()
            self._interrupted, self.evaluates = False, True
            self._evaluator.run(batches)
            if not self._interrupted:
                break
            yield None
        self.evaluates = False
        if self._stopped:
            return None
        self._scores = scores = torch.cat([scores for scores, _ in self._outputs.data])
        values = [self.setup.criterion(scores, part[1]), *(metric(scores, part[1]) for metric in METRICS.values())]
        return dict(zip(["loss", *METRICS], torch.stack([value.double() for value in values]).tolist(), strict=True))

    def _finish(self) -> Iterator[TrainingResult | None]:
        """Tests the best weights, and yields the result; None where it is interrupted."""
        epoch, stopped = -(-self.step // self._batches.batch_count), self._stopped
        self._recorder.flush()
        self._final_snapshot = self.snapshot(ended=True)
        probabilities = None
        if self._best.epoch and not stopped:
            self._model.load_state_dict(self._best.weights)
            metrics = yield from self._evaluate(self.data.test)
            stopped = metrics is None
            if metrics:
                self._recorder.record_metrics(TEST, self._best.step, self._best.epoch, metrics)
                probabilities = probabilities_of(self._scores)
        ended_early = not stopped and epoch < self.config.epochs
        note = (
            f"Ended after epoch {epoch}: the last {self.config.patience} epochs brought no better one."
            if ended_early
            else ""
        )
        best, final_snapshot = self._best, self._final_snapshot
        yield TrainingResult(best.weights, best.epoch, stopped, self.data.scale, note, probabilities, final_snapshot)

    def _throughput(self) -> dict[str, float]:
        """Returns samples per second over the steps of this epoch and, on a GPU, the peak memory in bytes."""
        speed = {"samples_per_second": len(self.data.train[1]) / self._stopwatch.epoch_seconds}
        if self.device.type == "cuda":
            speed["memory_bytes"] = float(torch.cuda.max_memory_allocated(self.device))
        return speed


def probabilities_of(scores: Tensor) -> Tensor | None:
    """Returns the class probabilities (N, C) of scores (N, C), on the CPU; None if they are too many to keep.

    Softmax turns log-probabilities, too, into probabilities.
    """
    if scores.shape[1] > MAX_SCORES or scores.numel() * scores.element_size() > MAX_PROBABILITY_BYTES:
        return None
    return scores.float().softmax(1).cpu()
