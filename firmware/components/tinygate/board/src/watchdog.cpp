#include "tinygate/watchdog.hpp"

#include "esp_task_wdt.h"

namespace tinygate {

namespace {

bool is_watched = false;  // an application may have no task watchdog

}  // namespace

void watch_this_task() {
    is_watched = esp_task_wdt_add(nullptr) == ESP_OK;
}

void feed_watchdog() {
    if (is_watched) esp_task_wdt_reset();
}

}  // namespace tinygate
