#include "tinygate/watchdog.hpp"

#include "esp_err.h"
#include "esp_task_wdt.h"

namespace tinygate {

void watch_this_task() {
    ESP_ERROR_CHECK(esp_task_wdt_add(nullptr));
}

void feed_watchdog() {
    esp_task_wdt_reset();
}

}  // namespace tinygate
