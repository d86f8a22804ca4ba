// The model that is served: the one that the build has put in, whose definitions are generated from the artifact, or one
// that the application gives.
#pragma once

#include <cstdint>

#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinygate/list.hpp"
#include "tinygate/preprocessor.h"

namespace tinygate {

// The .tflite file, aligned to 16 bytes.
List<uint8_t> model_bytes();

// Lower-case hex digits of the file's sha256 at build time.
const char* expected_model_sha256();

// The operators that the model uses and no others; null if one could not be registered.
const tflite::MicroOpResolver* model_operators();

// How raw windows become the model's input; null if its recipe does not describe it.
const tinygate_preprocessor_t* model_preprocessor();

struct Model {
    List<uint8_t> bytes;
    const tflite::MicroOpResolver* operators;
    const char* expected_sha256;  // null where the build knows no hash: the host compares
    const tinygate_preprocessor_t* preprocessor;
};

inline Model generated_model() {
    return {model_bytes(), model_operators(), expected_model_sha256(), model_preprocessor()};
}

}  // namespace tinygate
