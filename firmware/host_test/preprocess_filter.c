/* Runs a generated preprocess.h over raw windows: from standard input "settings, raw bytes" of each window, to standard
   output the input bytes of each. Compiled as C and as C++. */
#include <stdio.h>
#include <stdlib.h>

#include "preprocess.h"

int main(void) {
    /* Exactly as large as they must be, so that a sanitizer sees what reaches beyond; the odd address is on purpose. */
    unsigned char *raw = (unsigned char *)malloc(TINYGATE_RAW_BYTES + 1);
    unsigned char *input = (unsigned char *)malloc(TINYGATE_INPUT_BYTES);
    uint32_t settings;
    if (raw == NULL || input == NULL) return 1;
    while (fread(&settings, sizeof settings, 1, stdin) == 1) {
        if (fread(raw + 1, 1, TINYGATE_RAW_BYTES, stdin) != TINYGATE_RAW_BYTES) return 1;
        tinygate_preprocess(raw + 1, settings, input);
        if (fwrite(input, 1, TINYGATE_INPUT_BYTES, stdout) != TINYGATE_INPUT_BYTES) return 1;
    }
    free(raw);
    free(input);
    return 0;
}
