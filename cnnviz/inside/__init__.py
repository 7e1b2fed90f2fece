"""A net looked into: what it makes of one sample, in numbers. Pure functions over torch; nothing here draws.

subject.py       Subject: a design, its weights and one sample
feature_maps.py  record_maps(): what every layer makes of a batch
one_map.py       map_sum(): one map of a convolution as a sum over its input maps
one_value.py     crop_window(): the numbers under a window, and what it makes of them
"""

from cnnviz.inside.subject import Subject

__all__ = ["Subject"]
