// Consistent Overhead Byte Stuffing: any bytes without 0x00. Twin of protocol/cobs.py.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tinygate {

// The most that `bytes` bytes take when they are stuffed.
constexpr size_t cobs_size(size_t bytes) {
    return bytes + bytes / 254 + 1;
}

// Stuffs `bytes` into `out` and returns how many there are; `out` may lie before `bytes` in the same buffer, by
// bytes.size() / 254 + 1 at least.
size_t cobs_encode(std::string_view bytes, char* out);

// Turns `size` stuffed bytes back where they lie; nothing if a length points beyond the end.
std::optional<size_t> cobs_decode(char* bytes, size_t size);

}  // namespace tinygate
