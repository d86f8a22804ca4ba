// Decodes a block of LZ4 (github.com/lz4/lz4, doc/lz4_Block_format.md) without memory of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tinygate {

// Writes what the block says to `out` and returns its length; nothing if that is more than `capacity` or the
// block is none. `history` is what came before: the newest 64 KiB of it can be referred to.
std::optional<size_t> lz4_decode(std::string_view block, char* out, size_t capacity,
                                 std::string_view history);

}  // namespace tinygate
