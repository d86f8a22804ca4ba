#include "tinygate/line_rate.hpp"

namespace tinygate {

bool LineRate::is_over(uint64_t now_us) {
    if (is_new_ || was_heard_) since_us_ = now_us;
    if (was_heard_ && !is_new_) is_trial_ = false;
    is_new_ = was_heard_ = false;
    if (baud_ == boot_baud_ || now_us - since_us_ < (is_trial_ ? kTrialUs : kQuietUs)) return false;
    baud_ = boot_baud_;
    return true;
}

}  // namespace tinygate
