"""What the bytes of a .tflite are for, what of them no device needs, and what they weigh packed."""
