// sizeof and alignof of what lives in the arena, so that a host can predict the arena of any model.
#pragma once

#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinygate/replies.hpp"

namespace tinygate {

// TFLM's structures, then, by the operator's name, what each operator's kernel takes when it starts.
// `operators`: those that the app has registered; null for none. The next call reuses the lists.
Layout arena_layout(const tflite::MicroOpResolver* operators);

}  // namespace tinygate
