"""A net looked into: what it makes of one sample, in numbers. Pure functions over torch; nothing here draws."""
