#include "tinygate/health.hpp"

#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace tinygate {

Health measure_health(uint32_t stack_bytes) {
    constexpr uint32_t kInternal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
    Health health;
    health.uptime_us = static_cast<uint64_t>(esp_timer_get_time());
    health.stack_bytes = stack_bytes;
    health.stack_min_free_bytes = uxTaskGetStackHighWaterMark(nullptr) * sizeof(StackType_t);
    health.heap_free_bytes = heap_caps_get_free_size(kInternal);
    health.heap_min_free_bytes = heap_caps_get_minimum_free_size(kInternal);
    health.heap_largest_free_bytes = heap_caps_get_largest_free_block(kInternal);
    return health;
}

}  // namespace tinygate
