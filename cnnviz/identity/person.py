"""A person: whoever owns designs and runs, by name and role."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do."""

    STUDENT = "student"
    TEACHER = "teacher"


@dataclass(frozen=True)
class Person:
    """Somebody whom this server knows."""

    owner: str
    """What everything of theirs is kept under."""
    name: str = ""
    """What others see; empty where nobody has to say who they are."""
    role: Role = Role.STUDENT

    @property
    def is_teacher(self) -> bool:
        """Whether they may do what teachers may."""
        return self.role == Role.TEACHER
