"""A net looked into: what it makes of one sample, in numbers. Pure functions over torch; nothing here draws.

subject.py       Subject: a design, its weights and one sample
feature_maps.py  record_maps(): what every layer makes of a batch
one_map.py       map_sum(): one map of a convolution as a sum over its input maps
one_value.py     crop_window(): the numbers under a window, and what it makes of them
training_step.py  follow_step(): one weight through one step of training
attribution.py   gradient, Grad-CAM and guided backpropagation of one answer
occlusion.py     occlusion(): what the answer loses where the sample is covered
relevance.py     METHODS: each of these as one number for each position, and how far two of them agree
edits.py         Edit: a sample shifted, made noisy, erased
heard.py         split_sound(): what of a sound lies under a mask, and the rest
"""

from cnnviz.inside.subject import Subject

__all__ = ["Subject"]
