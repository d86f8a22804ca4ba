/* An application that the gate can judge: it runs by itself where it ships, and when it is told where it is judged. */
#include "esp_err.h"
#include "esp_log.h"
#include "load.h"
#include "sdkconfig.h"
#include "tinygate.h"

#if CONFIG_TINYGATE
static void run_application(bool running, void *context) {
    (void)context;
    if (running) {
        load_start();
    } else {
        load_stop();
    }
}

static void begin(void) {
    static const tinygate_config_t judged = {.run_application = run_application};
    ESP_ERROR_CHECK(tinygate_start(&judged));
}
#else
static void begin(void) {
    load_start();
}
#endif

void app_main(void) {
    load_init();
    ESP_LOGI("example", "up");
    begin();
}
