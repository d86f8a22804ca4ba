"""Is a calibration set representative? Statistics with stable codes, from arrays, a manifest or a .tflite alone.

`lint.lint` checks a set, `rules.RULES` is the table of rules. Nothing is imported here: the table is read where nobody
needs statistics.
"""
