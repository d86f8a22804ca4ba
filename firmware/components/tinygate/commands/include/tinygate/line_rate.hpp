// How long a line may stay at another rate than that of the boot: a host that is gone, or that does not
// understand what is sent at it, must find the board again.
#pragma once

#include <cstdint>

namespace tinygate {

class LineRate {
 public:
    static constexpr uint64_t kTrialUs = 1'000'000;  // until the first request at the new rate
    static constexpr uint64_t kQuietUs = 3'000'000;  // between two requests after it

    explicit LineRate(uint32_t boot_baud) : boot_baud_(boot_baud), baud_(boot_baud) {}

    uint32_t boot_baud() const { return boot_baud_; }
    void changed(uint32_t baud) {
        baud_ = baud;
        is_trial_ = true;
        is_new_ = true;
    }
    void heard() { was_heard_ = true; }

    // Whether to return to the boot's rate now; time of any origin.
    bool is_over(uint64_t now_us);

 private:
    uint32_t boot_baud_;
    uint32_t baud_;
    uint64_t since_us_ = 0;
    bool is_trial_ = false;
    bool is_new_ = false;
    bool was_heard_ = false;
};

}  // namespace tinygate
