// Base64 of RFC 4648, with padding.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tinygate {

constexpr size_t base64_size(size_t bytes) {
    return (bytes + 2) / 3 * 4;
}

// Writes base64_size(bytes.size()) characters to `out`.
void base64_encode(std::string_view bytes, char* out);

// Writes at most text.size() / 4 * 3 bytes to `out` and returns how many, or nothing if `text` is no base64.
std::optional<size_t> base64_decode(std::string_view text, char* out);

}  // namespace tinygate
