"""Variants of a net that a search can try: its parameters, and the designs and settings that result from them."""
