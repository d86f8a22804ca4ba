// The interpreter's memory: one block, aligned to 16 bytes, taken once, or lent by the application.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tinygate {

class ArenaMemory {
 public:
    static constexpr size_t kAlignment = 16;

    // Holds nothing (`data` is null) if there is no such block.
    explicit ArenaMemory(size_t bytes);
    ArenaMemory(uint8_t* lent, size_t bytes) : data_(lent), size_(bytes), is_lent_(true) {}
    ~ArenaMemory();
    ArenaMemory(const ArenaMemory&) = delete;
    ArenaMemory& operator=(const ArenaMemory&) = delete;

    uint8_t* data() const { return data_; }
    size_t size() const { return size_; }

    const char* placement() const;  // "internal" or "external"
    static size_t largest_free_block();

 private:
    uint8_t* data_;
    size_t size_;
    bool is_lent_ = false;
};

}  // namespace tinygate
