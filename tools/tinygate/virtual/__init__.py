"""An emulated ESP32 at the far end of a serial port, with an application that runs the flashed model in TFLM.

    link ── reset lines ── chip ─┬─ rom (serial protocol) ── flash
    (RFC 2217, baud)             └─ boot (image check) ── cpu (a child process) ── app (device protocol)

It shares no code with what it tests: it reads images with its own parser and imports nothing of tinygate.board or
tinygate.targets.esp32.virtual_build.
"""
