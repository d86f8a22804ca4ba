/* tinygate in an application: a task that serves the application's model to the gate (docs/application.md).
 *
 * With CONFIG_TINYGATE off, as in what ships, nothing of this is left: no symbol, no byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "sdkconfig.h"
#include "tinygate/preprocessor.h"

#ifdef __cplusplus
namespace tflite {
class MicroOpResolver;
}
typedef const tflite::MicroOpResolver *tinygate_operators_t;
extern "C" {
#else
typedef const void *tinygate_operators_t; /* a const tflite::MicroOpResolver * */
#endif

/* What is served, and with what. All of it outlives the call; a field that is 0 has the default it names. */
typedef struct {
    /* The .tflite, aligned to 16 bytes, and the operators that it needs. NULL: the artifact of CONFIG_TINYGATE_VARIANT,
     * which the build has put in with its operators (CONFIG_TINYGATE_GENERATED_MODEL). */
    const uint8_t *model;
    size_t model_bytes;
    tinygate_operators_t operators;

    /* The interpreter's arena, aligned to 16 bytes, which nobody else uses meanwhile. NULL: CONFIG_TINYGATE_ARENA_BYTES
     * from the heap. */
    uint8_t *arena;
    size_t arena_bytes;

    /* How raw windows become the model's input. NULL: as the model's recipe describes it, where the build has put the
     * artifact in; else raw windows are refused. */
    const tinygate_preprocessor_t *preprocessor;

    /* Sets the application going or idle: its tasks, its timers, its interrupts. Called from tinygate's task, so that
     * latency is measured both ways; the application is idle when tinygate_start() is called, and after each
     * measurement. NULL: there is nothing to set going. */
    void (*run_application)(bool running, void *context);
    void *context;
} tinygate_config_t;

#if CONFIG_TINYGATE

/* Starts the task that serves: CONFIG_TINYGATE_STACK_BYTES of stack, priority and core from the configuration too, and
 * waits until it has taken all its memory: nothing is allocated afterwards. Called from a task that uses no
 * notifications meanwhile. `config` NULL: all defaults.
 *
 * ESP_ERR_INVALID_STATE: it was started before, or its UART has a driver already. ESP_ERR_INVALID_ARG: a model without
 * operators or length, or one misaligned, or an arena likewise, or no model at all. ESP_ERR_NO_MEM: no memory for the
 * task. A model that cannot be run is no error here: the task says why to whoever asks. */
esp_err_t tinygate_start(const tinygate_config_t *config);

#else

__attribute__((always_inline)) static inline esp_err_t tinygate_start(const tinygate_config_t *config) {
    (void)config;
    return ESP_OK;
}

#endif

#ifdef __cplusplus
}
#endif
