"""Quantization arithmetic and checks."""
