// What hello announces of the receive ring, and the ring keeps.
#pragma once

#include <cstddef>

namespace tinygate {

constexpr size_t kRxWindowBytes = 8192;

}  // namespace tinygate
