"""Scoring: what was handed in is measured in turn, each in a process of its own."""

from functools import partial

from cnnviz.classroom.hidden_test import HiddenTests
from cnnviz.classroom.ladder import Climb
from cnnviz.classroom.measure import Measurement
from cnnviz.classroom.scoring import ScoringOrder, pack_bits, score
from cnnviz.classroom.submission import Submission, SubmissionStatus
from cnnviz.errors import CnnvizError
from cnnviz.runs.assignment_store import AssignmentStore
from cnnviz.runs.changes import Changes
from cnnviz.runs.submission_weights import SubmissionWeights
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.write_and_wait import write_and_wait

CLOSE_TIMEOUT_SECONDS = 5.0


class SubmissionScoring:
    """A thread that has one submission after the other scored, and stores what comes of it."""

    def __init__(
        self,
        store: AssignmentStore,
        weights: SubmissionWeights,
        hidden_tests: HiddenTests,
        writer_loop: TaskLoop,
        changes: Changes,
    ) -> None:
        self._store, self._weights, self._hidden_tests = store, weights, hidden_tests
        self._writer_loop, self._changes, self._loop = writer_loop, changes, TaskLoop("scoring")

    def start(self) -> None:
        """Starts with what waits, also from before the server was started again."""
        self._weights.prepare()
        for submission in self._store.waiting_submissions():
            self.order(submission.id)
        self._loop.start()

    def order(self, submission_id: str) -> None:
        """Has a submission scored when those before it are."""
        self._loop.call_soon(partial(self._score, submission_id))

    def close(self) -> None:
        """Ends the thread; what is not scored by then is scored after the next start."""
        self._loop.call_soon(self._loop.stop)
        self._loop.join(CLOSE_TIMEOUT_SECONDS)

    def _score(self, submission_id: str) -> None:
        submission = self._store.submission(submission_id)
        if submission is None or submission.status != SubmissionStatus.WAITING:
            return
        try:
            self._weights.read(submission)
            measurement = score(
                ScoringOrder(
                    design=submission.architecture.to_json(),
                    config=submission.config.model_dump_json(),
                    weights=self._weights.path(submission_id),
                    hidden=self._hidden_tests.folder(submission.assignment),
                )
            )
        except CnnvizError as error:
            write_and_wait(self._writer_loop, partial(self._store.refuse, submission_id, str(error)))
        else:
            self._save(submission, measurement)
        self._changes.note(submission.assignment, submission.owner)

    def _save(self, submission: Submission, measurement: Measurement) -> None:
        save = partial(self._store.save_score, submission.id, measurement.validation)
        if (net := measurement.hidden) is not None:
            before = self._store.climb(submission.assignment, submission.owner)
            now = before.tried(net) if before else Climb(net)
            save = partial(save, hidden=now.score, is_new_best=now.best is net, hidden_bits=pack_bits(net))
        write_and_wait(self._writer_loop, save)
