"""From raw samples to a model's input, described once as data: for NumPy on the host, and as C for the device.

What is needed while a firmware is built (`description`, `plan`, `emit_c`, `source`) is standard library alone.
"""
