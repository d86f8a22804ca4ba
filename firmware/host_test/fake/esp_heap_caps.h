// The heap of a chip with 64 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

constexpr uint32_t MALLOC_CAP_INTERNAL = 1;
constexpr uint32_t MALLOC_CAP_SPIRAM = 2;
constexpr uint32_t MALLOC_CAP_8BIT = 4;
constexpr size_t kFakeHeapBytes = 64 * 1024;

inline void* heap_caps_aligned_alloc(size_t alignment, size_t bytes, uint32_t) {
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    return bytes > kFakeHeapBytes ? nullptr : std::aligned_alloc(alignment, rounded);
}
inline void heap_caps_free(void* block) {
    std::free(block);
}
inline size_t heap_caps_get_largest_free_block(uint32_t) {
    return kFakeHeapBytes;
}
