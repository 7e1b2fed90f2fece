"""A net looked into: what it makes of one sample, in numbers. Pure functions over torch; nothing here draws.

subject.py       Subject: a design, its weights and one sample
feature_maps.py  record_maps(): what every layer makes of a batch
one_map.py       map_sum(): one map of a convolution as a sum over its input maps
one_value.py     crop_window(): the numbers under a window, and what it makes of them
training_step.py  follow_step(): one weight through one step of training
optimizer_rules.py  RULES: the rule of each optimizer for one weight, line by line
gradient_path.py  gradient_path(): the layers that the gradient passes, and how large it is there
attribution.py   gradient, Grad-CAM and guided backpropagation of one answer
occlusion.py     occlusion(): what the answer loses where the sample is covered
occlusion_process.py  occlude(): the same for a page, by a process of its own
relevance.py     METHODS: each of these as one number for each position, and how far two of them agree
edits.py         Edit: a sample shifted, made noisy, erased
timeline.py      word_timeline(): what a net answers along a whole recording
heard.py         split_sound(): what of a sound lies under a mask, and the rest
learned.py       filters(), weight_histograms(): what training has made of the weights
net_request.py   NetRequest: a net and samples, as the processes below get them
dead_channels.py     count_dead_channels(): channels that are 0 whatever the net is shown
exciting_samples.py  exciting_samples(): the samples that excite each channel most
embedding.py     embed_samples(): the last hidden layer as points, and the nearest training samples
"""

from cnnviz.inside.subject import Subject

__all__ = ["Subject"]
