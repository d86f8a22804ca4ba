// A cycle counter and a timer that a test moves on.
#pragma once

#include <cstdint>

inline uint32_t fake_cycles = 0;
inline int64_t fake_us = 0;

inline uint32_t esp_cpu_get_cycle_count() {
    return fake_cycles += 10;
}
