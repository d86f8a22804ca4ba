// All RAM that is not static: handed out in order at boot, never given back. There is no heap.
#pragma once

#include <cstddef>

namespace tinygate {

// Null if there is not that much left.
void* take_from_pool(size_t bytes, size_t alignment);

size_t pool_left();

}  // namespace tinygate
