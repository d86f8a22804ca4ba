#include "load.h"

#include <stdbool.h>
#include <stdint.h>

#include "driver/gpio.h"
#include "driver/gptimer.h"
#include "esp_attr.h"
#include "esp_err.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define LIGHT GPIO_NUM_2
#define BLINK_US (500 * 1000)
#define TIMER_HZ (1000 * 1000)
#define SAMPLE_US 1000
#define HISTORY 10240 /* samples of 16 bits: 20 KB */
#define BATCH 100     /* samples between two looks at them */
#define SMOOTHED 1000 /* samples that a look takes in */

static int16_t history[HISTORY];
static volatile uint32_t sampled;
static volatile int32_t level;
static TaskHandle_t smoother;
static esp_timer_handle_t blinker;
static gptimer_handle_t sampler;

/* A triangle, where a sensor would be read. */
static bool IRAM_ATTR sample(gptimer_handle_t timer, const gptimer_alarm_event_data_t *event, void *context) {
    (void)timer, (void)event, (void)context;
    const uint32_t now = sampled;
    const int32_t phase = (int32_t)(now % 200);
    history[now % HISTORY] = (int16_t)(phase < 100 ? phase : 200 - phase);
    sampled = now + 1;
    BaseType_t woken = pdFALSE;
    if (now % BATCH == BATCH - 1) vTaskNotifyGiveFromISR(smoother, &woken);
    return woken == pdTRUE;
}

static void smooth(void *context) {
    (void)context;
    for (;;) {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        const uint32_t end = sampled;
        int32_t sum = 0;
        for (uint32_t back = 1; back <= SMOOTHED && back <= end; ++back) sum += history[(end - back) % HISTORY];
        level = sum / SMOOTHED;
    }
}

static void blink(void *context) {
    (void)context;
    static bool is_on;
    is_on = !is_on;
    gpio_set_level(LIGHT, is_on);
}

void load_init(void) {
    ESP_ERROR_CHECK(gpio_set_direction(LIGHT, GPIO_MODE_OUTPUT));
    const esp_timer_create_args_t blinks = {.callback = blink, .name = "blink"};
    ESP_ERROR_CHECK(esp_timer_create(&blinks, &blinker));
    ESP_ERROR_CHECK(xTaskCreate(smooth, "smooth", 2048, NULL, 6, &smoother) == pdPASS ? ESP_OK : ESP_ERR_NO_MEM);
}

void load_start(void) {
    const gptimer_config_t config = {
        .clk_src = GPTIMER_CLK_SRC_DEFAULT, .direction = GPTIMER_COUNT_UP, .resolution_hz = TIMER_HZ};
    const gptimer_alarm_config_t alarm = {.alarm_count = SAMPLE_US, .flags.auto_reload_on_alarm = true};
    const gptimer_event_callbacks_t callbacks = {.on_alarm = sample};
    ESP_ERROR_CHECK(gptimer_new_timer(&config, &sampler));
    ESP_ERROR_CHECK(gptimer_register_event_callbacks(sampler, &callbacks, NULL));
    ESP_ERROR_CHECK(gptimer_set_alarm_action(sampler, &alarm));
    ESP_ERROR_CHECK(gptimer_enable(sampler));
    ESP_ERROR_CHECK(gptimer_start(sampler));
    ESP_ERROR_CHECK(esp_timer_start_periodic(blinker, BLINK_US));
}

void load_stop(void) {
    ESP_ERROR_CHECK(esp_timer_stop(blinker));
    ESP_ERROR_CHECK(gptimer_stop(sampler));
    ESP_ERROR_CHECK(gptimer_disable(sampler));
    ESP_ERROR_CHECK(gptimer_del_timer(sampler));
}
