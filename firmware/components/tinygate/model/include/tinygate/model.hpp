// The model that this app was built for; the definitions are generated from the artifact at build time.
#pragma once

#include <cstdint>

#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinygate/list.hpp"

namespace tinygate {

// The .tflite file, aligned to 16 bytes.
List<uint8_t> model_bytes();

// Lower-case hex digits of the file's sha256 at build time.
const char* expected_model_sha256();

// The operators that the model uses and no others; null if one could not be registered.
const tflite::MicroOpResolver* model_operators();

}  // namespace tinygate
