// The core's cycle counter and the time since boot, for what measures; other chips have this header of their own.
#pragma once

#include <cstdint>

#include "esp_cpu.h"
#include "esp_timer.h"

namespace tinygate {

// Of this core, modulo 2^32.
inline uint32_t cycle_count() {
    return esp_cpu_get_cycle_count();
}

inline int64_t uptime_us() {
    return esp_timer_get_time();
}

}  // namespace tinygate
