// The sample application: it does nothing but be asked. The task that answers is the component's.
#include "esp_err.h"
#include "tinygate.h"

extern "C" void app_main() {
    ESP_ERROR_CHECK(tinygate_start(nullptr));  // a panic and a reset: seen, where silence would look like a hang
}
