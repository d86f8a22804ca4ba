// Times invocations: cycles of this core and microseconds, one raw sample per invocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tinygate/engine.hpp"
#include "tinygate/list.hpp"

namespace tinygate {

class Runner {
 public:
    // As many samples as there is room for; more boots tell more than more samples of one boot.
    static constexpr size_t kMaxInvocations = 1000;
    static constexpr size_t kMaxWarmup = 100000;

    // Called between invocations, untimed: feeds the watchdog.
    using Between = void (*)();

    Runner(Engine& engine, Between between) : engine_(engine), between_(between) {}

    // False if an invocation failed. The task that calls this must stay on one core: the counter is the
    // core's own.
    bool run(size_t warmup, size_t invocations, std::string_view window);

    List<uint32_t> cycles() const { return {cycles_.data(), count_}; }
    List<uint32_t> latency_us() const { return {latency_us_.data(), count_}; }
    uint32_t empty_cycles() const { return empty_cycles_; }

 private:
    bool invoke_once(std::string_view window);

    Engine& engine_;
    Between between_;
    std::array<uint32_t, kMaxInvocations> cycles_{};
    std::array<uint32_t, kMaxInvocations> latency_us_{};
    size_t count_ = 0;
    uint32_t empty_cycles_ = 0;
};

}  // namespace tinygate
