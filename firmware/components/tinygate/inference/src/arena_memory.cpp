#include "tinygate/arena_memory.hpp"

#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "sdkconfig.h"

namespace tinygate {
namespace {

// From the heap and not static: on ESP32 static data is limited to 160 KB, a block of heap is not.
#if CONFIG_TINYGATE_ARENA_IN_PSRAM
constexpr uint32_t kCapabilities = MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT;
#else
constexpr uint32_t kCapabilities = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
#endif

}  // namespace

ArenaMemory::ArenaMemory(size_t bytes)
    : data_(static_cast<uint8_t*>(heap_caps_aligned_alloc(kAlignment, bytes, kCapabilities))), size_(bytes) {}

ArenaMemory::~ArenaMemory() {
    if (!is_lent_) heap_caps_free(data_);
}

const char* ArenaMemory::placement() const {
    return esp_ptr_external_ram(data_) ? "external" : "internal";
}

size_t ArenaMemory::largest_free_block() {
    return heap_caps_get_largest_free_block(kCapabilities);
}

}  // namespace tinygate
