// Low-water marks of every task's stack and of internal memory.
#pragma once

#include <cstdint>

#include "tinygate/replies.hpp"

namespace tinygate {

// `stack_bytes` is the size of the calling task's stack, which nobody else knows.
Health measure_health(uint32_t stack_bytes);

// Of internal memory, now.
uint32_t free_heap_bytes();

}  // namespace tinygate
