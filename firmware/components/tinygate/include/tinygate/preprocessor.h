/* From a raw window to the model's input, as the device does it (docs/preprocessing.md): what `tinygate preprocess
 * --emit-c` writes, or a function of the application's own. Plain C without an ESP-IDF header.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;      /* what hello says of it: of a generated one the description's sha256 */
    const char *raw_dtype; /* "float32", "int16", … */
    uint32_t raw_samples;  /* of a window, in rows */
    uint32_t raw_axes;     /* in each row */
    size_t raw_bytes;
    size_t input_bytes; /* of all inputs of the model together */

    /* Makes the model's input of a raw window of any alignment; bit i of `settings` is the i-th setting. */
    void (*run)(const void *raw, uint32_t settings, void *input);
} tinygate_preprocessor_t;
