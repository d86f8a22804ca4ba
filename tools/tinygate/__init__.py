"""tinygate: decides whether a quantized TinyML model may ship on a microcontroller."""

__version__ = "0.1.0"
