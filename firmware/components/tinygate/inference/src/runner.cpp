#include "tinygate/runner.hpp"

#include "tinygate/clock.hpp"

namespace tinygate {
namespace {

struct Sample {
    uint32_t cycles;
    uint32_t latency_us;
};

// The cycle counter is read innermost: reading the timer costs a hundred times as much.
template <class Work>
Sample measure(Work work) {
    const int64_t start_us = uptime_us();
    const uint32_t start_cycles = cycle_count();
    work();
    const uint32_t cycles = cycle_count() - start_cycles;  // wraps after 17 s at 240 MHz
    return {cycles, static_cast<uint32_t>(uptime_us() - start_us)};
}

// What measuring adds to each sample. The first rounds fill the cache.
uint32_t measure_nothing() {
    Sample sample{};
    for (int round = 0; round < 8; ++round) sample = measure([] {});
    return sample.cycles;
}

}  // namespace

bool Runner::invoke_once(std::string_view window) {
    engine_.set_inputs(window);
    bool invoked = false;
    const Sample sample = measure([&] { invoked = engine_.invoke(); });
    cycles_[count_] = sample.cycles;
    latency_us_[count_] = sample.latency_us;
    between_();
    return invoked;
}

bool Runner::run(size_t warmup, size_t invocations, std::string_view window) {
    empty_cycles_ = measure_nothing();
    count_ = 0;
    for (size_t i = 0; i < warmup; ++i) {
        if (!invoke_once(window)) return false;
    }
    for (size_t i = 0; i < invocations; ++i, ++count_) {
        if (!invoke_once(window)) return false;
    }
    return true;
}

}  // namespace tinygate
