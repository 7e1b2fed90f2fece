"""Assignments of a server: teachers write them, students hand in, a thread has everything scored in turn."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cnnviz.classroom.assignment import Assignment, AssignmentError, format_time
from cnnviz.classroom.built_in import BUILT_IN_ASSIGNMENTS
from cnnviz.classroom.hidden_test import HiddenTests
from cnnviz.classroom.ladder import Place, rank
from cnnviz.classroom.signed_zip import pack_submission, signing_key
from cnnviz.classroom.standing import Allowance, Extension, Standing, allowance, deadline_of, standing
from cnnviz.classroom.submission import Submission, weights_digest
from cnnviz.data import CLASS_OWNER
from cnnviz.errors import CnnvizError, LimitError
from cnnviz.identity.person import Person
from cnnviz.runs.assignment_data import AssignmentData, HiddenSource, check_dataset
from cnnviz.runs.assignment_store import AssignmentStore, Participant, StoredAssignment
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.run import TRAIN_RUN, Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.submission_scoring import SubmissionScoring
from cnnviz.runs.submission_weights import SubmissionWeights
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.write_and_wait import T, write_and_wait
from cnnviz.secret_key import secret_key
from cnnviz.settings import Settings

FINISHED_STATUSES = (Status.DONE, Status.STOPPED)
BUILT_IN_TIME = 0.0


class Assignments:
    """The assignments of one server with what was handed in; every change is stored before the call returns."""

    def __init__(
        self, store: Store, writer_loop: TaskLoop, limits: Settings, rules: Callable[[], ClassRules] = ClassRules
    ) -> None:
        """`rules` returns the rules in force: nothing is handed in while the class is frozen."""
        self._runs, self._writer_loop, self._limits, self._rules = store, writer_loop, limits, rules
        self._store = AssignmentStore(store.engine)
        self._hidden_tests = HiddenTests(limits.data_dir / "hidden-tests")
        self._data = AssignmentData(limits, self._hidden_tests)
        self._weights = SubmissionWeights(limits.data_dir / "submissions")
        self._scoring = SubmissionScoring(self._store, self._weights, self._hidden_tests, writer_loop, store.changes)

    def start(self) -> None:
        """Starts to score what waits, also from before the server was started again."""
        self._scoring.start()

    def close(self) -> None:
        """Ends the thread that scores; what is not scored by then is scored when the server starts again."""
        self._scoring.close()

    # ── assignments ──

    def all(self) -> dict[str, StoredAssignment]:
        """Returns every assignment by its id: first those that come with cnnviz, then the teachers', oldest first."""
        built_in = {
            name: StoredAssignment(name, CLASS_OWNER, BUILT_IN_TIME, assignment)
            for name, assignment in BUILT_IN_ASSIGNMENTS.items()
        }
        return built_in | {stored.id: stored for stored in self._store.assignments()}

    def visible_to(self, person: Person) -> dict[str, StoredAssignment]:
        """Returns the assignments that somebody may see: teachers all, students those that are open."""
        now = time.time()
        return {id_: each for id_, each in self.all().items() if person.is_teacher or each.assignment.is_open(now)}

    def find(self, person: Person, assignment_id: str) -> StoredAssignment:
        """Returns an assignment that somebody may see; raises AssignmentError when there is none."""
        try:
            return self.visible_to(person)[assignment_id]
        except KeyError:
            raise AssignmentError("There is no such assignment any more.") from None

    def add(self, teacher: Person, assignment: Assignment, hidden: HiddenSource | None = None) -> str:
        """Stores a new assignment and returns its id.

        The class gets a data set of the teacher's that it is about. Samples for a hidden test are taken out of the
        teacher's data sets, and nobody can look at them here from then on.
        """
        _check_teacher(teacher)
        assignment_id = uuid.uuid4().hex
        assignment = self._data.give_to_class(teacher, assignment_id, assignment, hidden)
        try:
            check_dataset(assignment)
            if hidden and hidden.share is None:
                self._data.hide_all(teacher, assignment_id, assignment, hidden.dataset)
            stored = StoredAssignment(assignment_id, teacher.owner, time.time(), assignment)
            self._write(partial(self._store.save_assignment, stored))
        except CnnvizError:
            self._hidden_tests.remove(assignment_id)
            raise
        return assignment_id

    def change(self, teacher: Person, assignment_id: str, assignment: Assignment) -> None:
        """Stores an assignment as it is now; raises AssignmentError where something handed in speaks against that."""
        _check_teacher(teacher)
        stored = self._own(assignment_id)
        check_dataset(assignment)
        if self._store.has_submissions(assignment_id):
            stored.assignment.check_change(assignment)
        self._write(partial(self._store.save_assignment, replace(stored, assignment=assignment)))

    def delete(self, teacher: Person, assignment_id: str) -> None:
        """Deletes an assignment for which nothing was handed in."""
        _check_teacher(teacher)
        self._own(assignment_id)
        if self._store.has_submissions(assignment_id):
            raise AssignmentError("Something was handed in for this assignment, so it stays. Set a deadline instead.")
        self._write(partial(self._store.delete_assignment, assignment_id))
        self._hidden_tests.remove(assignment_id)

    def extend(
        self, teacher: Person, assignment_id: str, owners: Sequence[str], deadline: float, note: str = ""
    ) -> None:
        """Gives a student, or each of a group, a later deadline."""
        _check_teacher(teacher)
        self.find(teacher, assignment_id)

        def write() -> None:
            for owner in owners:
                self._store.save_extension(assignment_id, Extension(owner, deadline, note))

        self._write(write)
        self._runs.changes.note(assignment_id, *owners)

    def extensions(self, assignment_id: str) -> list[Extension]:
        """Returns the later deadlines of an assignment."""
        return self._store.extensions(assignment_id)

    # ── students ──

    def begin(self, person: Person, assignment_id: str) -> Participant:
        """Notes that a student looks at an assignment, with the name that they have now; returns what is noted."""
        earlier = self.participants(assignment_id).get(person.owner)
        if earlier and earlier.name == person.name:
            return earlier
        now = Participant(person.owner, person.name, time.time(), is_named=False)
        participant = replace(earlier, name=person.name) if earlier else now
        self._write(partial(self._store.save_participant, assignment_id, participant))
        return participant

    def show_name(self, person: Person, assignment_id: str, *, is_named: bool) -> None:
        """Has the leaderboard show a student's name, or not."""
        participant = replace(self.begin(person, assignment_id), is_named=is_named)
        self._write(partial(self._store.save_participant, assignment_id, participant))
        self._runs.changes.note(assignment_id)

    def participants(self, assignment_id: str) -> dict[str, Participant]:
        """Returns who has looked at an assignment, by owner."""
        return self._store.participants(assignment_id)

    def allowance(self, person: Person, assignment_id: str) -> Allowance:
        """Returns how many submissions a student has left in this hour."""
        assignment = self.find(person, assignment_id).assignment
        return allowance(assignment, self._store.submissions(assignment_id, person.owner), time.time())

    def standing(self, person: Person, assignment_id: str) -> Standing:
        """Returns what counts of what a student has handed in."""
        return self._standing(self.find(person, assignment_id), person.owner)

    def hand_in(self, person: Person, assignment_id: str, run_id: str) -> Submission:
        """Copies a finished run of the student's, and has it scored soon.

        Raises CnnvizError where the assignment does not take it, or none is left in this hour; that does not count.
        """
        self._rules().check_not_frozen("nothing can be handed in just now")
        assignment = self.find(person, assignment_id).assignment
        run = self._runs.owned_run(person.owner, run_id)
        assignment.check_work(assignment.work(run.architecture, run.config))
        weights = self._weights_of(run)
        submission = Submission(
            id=uuid.uuid4().hex,
            assignment=assignment_id,
            owner=person.owner,
            name=person.name,
            run=run_id,
            submitted=time.time(),
            architecture=run.architecture,
            config=run.config,
            weights_digest=weights_digest(weights),
        )

        def write() -> None:
            self._check_allowed(assignment, submission)
            self._weights.write(submission.id, weights)
            self._store.add_submission(submission)

        self._write(write)
        self._scoring.order(submission.id)
        self._runs.changes.note(assignment_id, person.owner)
        return submission

    def leaderboard(self, person: Person, assignment_id: str) -> tuple[tuple[Place, str], ...]:
        """Returns the places on the hidden test, each with the name of its student, or "" for one who shows none."""
        self.find(person, assignment_id)
        participants = self.participants(assignment_id)
        places = rank(self._store.best_on_hidden_test(assignment_id))
        return tuple((place, _shown_name(participants.get(place.owner))) for place in places)

    def hidden_sample_count(self, assignment_id: str) -> int:
        """Returns how many samples the hidden test of an assignment has; 0 where there is none."""
        return self._hidden_tests.sample_count(assignment_id)

    # ── teachers ──

    def submissions(self, teacher: Person, assignment_id: str) -> list[Submission]:
        """Returns what all students have handed in, oldest first."""
        _check_teacher(teacher)
        return self._store.submissions(assignment_id)

    def standings(self, teacher: Person, assignment_id: str) -> Mapping[str, Standing]:
        """Returns what counts of each student who has looked at the assignment, by owner."""
        _check_teacher(teacher)
        stored = self.find(teacher, assignment_id)
        handed_in = {each.owner for each in self._store.submissions(assignment_id)}
        owners = dict.fromkeys([*self.participants(assignment_id), *sorted(handed_in)])
        return {owner: self._standing(stored, owner) for owner in owners}

    def signed_zip(self, teacher: Person, submission: Submission) -> bytes:
        """Returns the signed zip of a submission; raises CnnvizError where its file is gone or damaged."""
        _check_teacher(teacher)
        stored = self.find(teacher, submission.assignment)
        deadline = deadline_of(stored.assignment, self.extensions(stored.id), submission.owner)
        weights = self._weights.read(submission)
        return pack_submission(stored.assignment, submission, weights, deadline=deadline, key=self._signing_key())

    def signing_key(self, teacher: Person) -> str:
        """Returns the key by which signatures of this server are checked elsewhere, in hexadecimal digits."""
        _check_teacher(teacher)
        return self._signing_key().hex()

    # ── within ──

    def _standing(self, stored: StoredAssignment, owner: str) -> Standing:
        deadline = deadline_of(stored.assignment, self.extensions(stored.id), owner)
        return standing(stored.assignment, self._store.submissions(stored.id, owner), deadline)

    def _own(self, assignment_id: str) -> StoredAssignment:
        stored = self.all().get(assignment_id)
        if stored is None or assignment_id in BUILT_IN_ASSIGNMENTS:
            raise AssignmentError("This assignment comes with cnnviz and stays as it is. Make a copy of it.")
        return stored

    def _check_allowed(self, assignment: Assignment, submission: Submission) -> None:
        """Raises where no submission is left, or the same was handed in before; in the thread that writes."""
        earlier = self._store.submissions(submission.assignment, submission.owner)
        what = (submission.weights_digest, submission.config, submission.architecture)
        for each in earlier:
            if each.counts and (each.weights_digest, each.config, each.architecture) == what:
                raise AssignmentError("You have handed in exactly this net before. Train it further, or change it.")
        left = allowance(assignment, earlier, submission.submitted)
        if left.left < 1 and left.next_at is not None:
            raise LimitError(
                f"You have handed in {left.of} in the last hour, as many as this assignment allows. The next one is"
                f" possible at {format_time(left.next_at)}."
            )

    def _weights_of(self, run: Run) -> bytes:
        """Returns the weights of a finished training; raises AssignmentError where it is none."""
        if run.kind != TRAIN_RUN or run.deleted is not None or run.status not in FINISHED_STATUSES:
            raise AssignmentError("Only a training that has ended can be handed in. Wait for it, or stop it.")
        weights = self._runs.weights(run.id)
        if weights is None:
            raise AssignmentError("This run has no weights: it was stopped before its first epoch ended. Train longer.")
        return weights

    def _signing_key(self) -> bytes:
        return signing_key(secret_key(self._limits.data_dir))

    def _write(self, task: Callable[[], T]) -> T:
        return write_and_wait(self._writer_loop, task)


def _check_teacher(person: Person) -> None:
    if not person.is_teacher:
        raise AssignmentError("Only teachers may do that.")


def _shown_name(participant: Participant | None) -> str:
    return participant.name if participant and participant.is_named else ""
