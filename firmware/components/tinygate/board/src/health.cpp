#include "tinygate/health.hpp"

#include <algorithm>
#include <array>

#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinygate/text.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kInternal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;

#if CONFIG_FREERTOS_USE_TRACE_FACILITY
// Every task by name, and how close it came to the end of its stack. Static: too large for a stack.
class Tasks {
 public:
    void measure(Health& health) {
        const size_t count = uxTaskGetSystemState(states_.data(), states_.size(), nullptr);  // 0: too many
        for (size_t i = 0; i < count; ++i) {
            copy_name(states_[i].pcTaskName, texts_[i]);
            names_[i] = texts_[i].data();
            free_bytes_[i] = states_[i].usStackHighWaterMark * sizeof(StackType_t);
        }
        health.tasks = {names_.data(), count};
        health.task_stack_free_bytes = {free_bytes_.data(), count};
    }

 private:
    static constexpr size_t kMaxTasks = 32;
    using Text = std::array<char, configMAX_TASK_NAME_LEN>;

    // With what a name on the wire may not have replaced.
    static void copy_name(const char* name, Text& text) {
        size_t size = 0;
        for (; size + 1 < text.size() && name[size] != 0; ++size) {
            const char c = name[size];
            const bool is_upper = c >= 'A' && c <= 'Z';
            text[size] = is_upper || is_lower(c) || is_digit(c) ? c : '_';
        }
        if (size == 0) text[size++] = '_';
        text[size] = 0;
    }

    std::array<TaskStatus_t, kMaxTasks> states_{};
    std::array<Text, kMaxTasks> texts_{};
    std::array<const char*, kMaxTasks> names_{};
    std::array<uint32_t, kMaxTasks> free_bytes_{};
};

void measure_tasks(Health& health) {
    static Tasks tasks;
    tasks.measure(health);
}
#else
void measure_tasks(Health&) {}
#endif

}  // namespace

uint32_t free_heap_bytes() {
    return heap_caps_get_free_size(kInternal);
}

Health measure_health(uint32_t stack_bytes) {
    Health health;
    health.uptime_us = static_cast<uint64_t>(esp_timer_get_time());
    health.stack_bytes = stack_bytes;
    health.stack_min_free_bytes = uxTaskGetStackHighWaterMark(nullptr) * sizeof(StackType_t);
    health.heap_free_bytes = free_heap_bytes();
    health.heap_min_free_bytes = heap_caps_get_minimum_free_size(kInternal);
    health.heap_largest_free_bytes = heap_caps_get_largest_free_block(kInternal);
    health.heap_total_bytes = heap_caps_get_total_size(kInternal);
    measure_tasks(health);
    return health;
}

}  // namespace tinygate
