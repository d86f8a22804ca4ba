// Time on a Cortex-M4: the core's cycle counter on a chip, the system timer where the counter stands still.
#pragma once

#include <cstdint>

namespace tinygate {

// Highest clock from the internal oscillator, or from a crystal if the build names one; then the timers.
void start_clocks();

uint32_t cpu_hz();
uint32_t peripheral_hz(bool fast_bus);

// Cycles modulo 2^32. An emulator that counts instructions has no cycles: there, instructions.
uint32_t cycle_count();

int64_t uptime_us();

}  // namespace tinygate
