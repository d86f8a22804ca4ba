// How much arena a kernel's `init` takes. Its structure is in an anonymous namespace, so it is asked for.
#pragma once

#include <cstddef>

#include "tensorflow/lite/micro/micro_common.h"

namespace tinygate {

// Bytes that the kernel of a builtin operator asks for before the model is prepared.
size_t init_bytes(const TFLMRegistration& registration);

}  // namespace tinygate
