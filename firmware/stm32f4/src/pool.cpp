#include "tinygate/pool.hpp"

#include <cstdint>
#include <new>

#include "tinygate/arena_memory.hpp"

extern "C" {
extern uint8_t pool_begin[], pool_end[];
}

namespace tinygate {
namespace {

uint8_t* next = pool_begin;

}  // namespace

void* take_from_pool(size_t bytes, size_t alignment) {
    const auto at = (reinterpret_cast<uintptr_t>(next) + alignment - 1) & ~(alignment - 1);
    const auto end = reinterpret_cast<uintptr_t>(pool_end);
    if (at > end || bytes > end - at) return nullptr;
    next = reinterpret_cast<uint8_t*>(at + bytes);
    return reinterpret_cast<void*>(at);
}

size_t pool_left() {
    return static_cast<size_t>(pool_end - next);
}

ArenaMemory::ArenaMemory(size_t bytes)
    : data_(static_cast<uint8_t*>(take_from_pool(bytes, kAlignment))), size_(bytes) {}

ArenaMemory::~ArenaMemory() = default;

const char* ArenaMemory::placement() const {
    return "internal";
}

size_t ArenaMemory::largest_free_block() {
    return pool_left();
}

}  // namespace tinygate

// What shared parts ask for at boot, all of it without exceptions. What they give back is not used again.
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
    return tinygate::take_from_pool(bytes, alignof(std::max_align_t));
}
void operator delete[](void*) noexcept {}
void operator delete[](void*, size_t) noexcept {}
void operator delete(void*) noexcept {}
void operator delete(void*, size_t) noexcept {}
