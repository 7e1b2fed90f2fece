"""A net looked into: what it makes of one sample, in numbers. Pure functions over torch; nothing here draws.

subject.py  Subject: a design, its weights and one sample
training_step.py follow_step(): one weight through one step of training
"""

from cnnviz.inside.subject import Subject

__all__ = ["Subject"]
