// A test set, of real values or raw windows, that outlives boots, and the windows that a model makes of it. Twin of
// virtual/test_set.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/replies.hpp"
#include "tinygate/requests.hpp"
#include "tinygate/store_memory.hpp"
#include "tinygate/text.hpp"

namespace tinygate {

// The bytes that were packed, in `out`, which has room for `size`; nothing if they are not exactly so many.
std::optional<std::string_view> unpack(std::string_view data, Packing packing, size_t size, char* out,
                                       std::string_view history);

class TestSet {
 public:
    // Without memory there is room for nothing.
    explicit TestSet(StoreMemory* memory) : memory_(memory) {}

    uint32_t capacity() const;

    // How many bytes of a set are here, from its beginning on; of another one nothing is left.
    std::optional<uint32_t> open(const StoreRequest& request, Sentence& problem);

    // Appends; `room` holds the unpacked bytes of a request. 0 when all had come and their sha256 is another.
    std::optional<uint32_t> keep(const KeepRequest& request, char* room, size_t room_bytes,
                                 Sentence& problem);

    // Whether the set is whole and has a window for these inputs: then writes it as they take it.
    bool window(uint32_t index, List<Tensor> inputs, char* out) const;

    // Windows as the sensor gives them, of so many bytes each; nothing if the set is not whole or has not these.
    std::string_view raw_windows(uint32_t first, uint32_t count, size_t window_bytes) const;

 private:
    struct Header {
        char sha256[64];
        uint32_t size_bytes;
        uint32_t is_partial;  // all ones until the set is whole: flash clears bits
    };

    Header header() const;
    const char* values() const { return memory_->bytes() + StoreMemory::kSectorBytes; }
    bool append(std::string_view data, Packing packing);
    bool erase_up_to(size_t end);
    bool is_right() const;

    StoreMemory* memory_;
    uint32_t have_ = 0;
    size_t erased_ = 0;  // bytes of values that can be written
};

}  // namespace tinygate
