// SHA-256 (FIPS 180-4) of bytes that are in memory already: the model in flash, once at boot.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tinygate {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(const uint8_t* data, size_t size);

}  // namespace tinygate
