#include "tinygate/profiler.hpp"

#include "tinygate/clock.hpp"

namespace tinygate {

uint32_t Profiler::BeginEvent(const char* tag) {
    const uint32_t handle = count_++;
    if (handle >= kMaxOperators) return handle;
    names_[handle] = tag;
    cycles_[handle] = cycle_count();  // last, so that only the operator lies between the two
    return handle;
}

void Profiler::EndEvent(uint32_t event_handle) {
    const uint32_t now = cycle_count();
    if (event_handle < kMaxOperators) cycles_[event_handle] = now - cycles_[event_handle];
}

}  // namespace tinygate
