#include "tinygate/health.hpp"

#include "tinygate/clock.hpp"
#include "tinygate/pool.hpp"
#include "tinygate/stack.hpp"

namespace tinygate {

// Nothing is taken from the pool after boot: what is free is what was least free, in one piece.
Health measure_health(uint32_t stack_bytes) {
    const auto left = static_cast<uint32_t>(pool_left());
    Health health;
    health.uptime_us = static_cast<uint64_t>(uptime_us());
    health.stack_bytes = stack_bytes;
    health.stack_min_free_bytes = stack_least_free();
    health.heap_free_bytes = left;
    health.heap_min_free_bytes = left;
    health.heap_largest_free_bytes = left;
    return health;
}

}  // namespace tinygate
