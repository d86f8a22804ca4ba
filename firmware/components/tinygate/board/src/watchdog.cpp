#include "tinygate/watchdog.hpp"

#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

namespace tinygate {
namespace {

constexpr int64_t kStarveUs = 1000 * 1000;  // less than any watchdog's time

// An application may have the idle task of this core watched, and lets it run where it invokes now and then.
#if (CONFIG_TINYGATE_CORE == 0 && CONFIG_ESP_TASK_WDT_CHECK_IDLE_TASK_CPU0) || \
    (CONFIG_TINYGATE_CORE == 1 && CONFIG_ESP_TASK_WDT_CHECK_IDLE_TASK_CPU1)
constexpr bool kIdleIsWatched = true;
#else
constexpr bool kIdleIsWatched = false;
#endif

bool is_watched = false;  // an application may have no task watchdog
int64_t rested_us = 0;

}  // namespace

void watch_this_task() {
    is_watched = esp_task_wdt_add(nullptr) == ESP_OK;
}

void feed_watchdog() {
    if (is_watched) esp_task_wdt_reset();
    if (!kIdleIsWatched || esp_timer_get_time() - rested_us < kStarveUs) return;
    vTaskDelay(1);
    rested_us = esp_timer_get_time();
}

}  // namespace tinygate
