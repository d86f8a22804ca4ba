#pragma once

#include "esp_cpu.h"

inline int64_t esp_timer_get_time() {
    return fake_us += 3;
}
