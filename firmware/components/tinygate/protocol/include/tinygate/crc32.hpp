// CRC-32 as zlib computes it.
#pragma once

#include <cstdint>
#include <string_view>

namespace tinygate {

// CRC of `bytes` appended to bytes whose CRC is `before`.
uint32_t crc32(std::string_view bytes, uint32_t before = 0);

}  // namespace tinygate
