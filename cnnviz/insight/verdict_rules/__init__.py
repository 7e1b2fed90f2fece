"""Rules that look for one symptom each in a run.

goal_and_test.py  the goal, and a test that falls behind
steps.py          a loss that stays at guessing, a rate that is too high or too low, gradients that vanish
fit.py            over-fitting and under-fitting
remedies.py       what to try against over-fitting, in order
ending.py         runs that ended too early, or had nothing more to gain
"""
