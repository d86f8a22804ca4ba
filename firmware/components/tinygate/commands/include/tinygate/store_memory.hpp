// Memory that outlives boots and flashing: where a board keeps a test set.
#pragma once

#include <cstddef>
#include <string_view>

namespace tinygate {

class StoreMemory {
 public:
    static constexpr size_t kSectorBytes = 4096;

    virtual size_t size() const = 0;                                 // a multiple of a sector
    virtual const char* bytes() const = 0;                           // all of it, as it is now
    virtual bool erase(size_t sector) = 0;                           // to ones
    virtual bool program(size_t offset, std::string_view data) = 0;  // clears bits of what was erased

 protected:
    ~StoreMemory() = default;
};

// Null if this board keeps nothing.
StoreMemory* store_of_board();

}  // namespace tinygate
