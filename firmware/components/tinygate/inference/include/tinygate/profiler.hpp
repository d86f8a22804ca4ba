// Notes which operators ran, in order, and how many cycles each took. TFLM's own profiler takes 80 KiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tinygate/list.hpp"

namespace tinygate {

class Profiler final : public tflite::MicroProfilerInterface {
 public:
    static constexpr size_t kMaxOperators = 256;

    uint32_t BeginEvent(const char* tag) override;
    void EndEvent(uint32_t event_handle) override;

    void clear() { count_ = 0; }
    bool overflowed() const { return count_ > kMaxOperators; }
    List<const char*> operators() const { return {names_.data(), kept()}; }
    List<uint32_t> cycles() const { return {cycles_.data(), kept()}; }

 private:
    size_t kept() const { return overflowed() ? kMaxOperators : count_; }

    std::array<const char*, kMaxOperators> names_{};
    std::array<uint32_t, kMaxOperators> cycles_{};
    size_t count_ = 0;
};

}  // namespace tinygate
