"""Side-by-side measurements: both sides interleaved in one run, a Markdown table of medians and ratios each."""
