#include "tinygate/order.hpp"

#include <algorithm>
#include <cstring>

namespace tinygate {

bool Order::is_done(uint32_t number) const {
    const int32_t ahead = distance(number);
    if (ahead <= 0) return ahead < 0;
    return ahead < kWindow && (ahead_ >> (ahead - 1) & 1) != 0;
}

void Order::take(uint32_t number) {
    const int32_t ahead = distance(number);  // behind: noted already
    if (ahead > 0 && ahead < kWindow) ahead_ |= uint32_t{1} << (ahead - 1);
    if (ahead != 0) return;
    for (bool more = true; more; ahead_ >>= 1) {
        ++next_;
        more = (ahead_ & 1) != 0;
    }
}

void ReplyLog::begin(uint32_t number) {
    const size_t start = count_ > 0 ? entries_[count_ - 1].start + entries_[count_ - 1].size : 0;
    current_ = {number, start, 0};
    fits_ = true;
}

// What would reach beyond the end begins at the front instead: a reply lies in one piece.
void ReplyLog::add(std::string_view line) {
    fits_ = fits_ && current_.size + line.size() <= capacity_;
    if (!fits_) return;
    if (current_.start + current_.size + line.size() > capacity_) {
        make_room(0, current_.size);
        std::memmove(bytes_, bytes_ + current_.start, current_.size);
        current_.start = 0;
    }
    make_room(current_.start + current_.size, line.size());
    std::copy(line.begin(), line.end(), bytes_ + current_.start + current_.size);
    current_.size += line.size();
}

void ReplyLog::end() {
    if (!fits_) return;
    if (count_ == entries_.size()) drop(0);
    entries_[count_++] = current_;
}

std::optional<std::string_view> ReplyLog::find(uint32_t number) const {
    for (size_t i = count_; i > 0; --i) {
        const Entry& entry = entries_[i - 1];
        if (entry.number == number) return std::string_view(bytes_ + entry.start, entry.size);
    }
    return std::nullopt;
}

void ReplyLog::make_room(size_t start, size_t size) {
    for (size_t i = count_; i > 0; --i) {
        const Entry& entry = entries_[i - 1];
        if (entry.start < start + size && start < entry.start + entry.size) drop(i - 1);
    }
}

void ReplyLog::drop(size_t index) {
    std::copy(entries_.begin() + index + 1, entries_.begin() + count_, entries_.begin() + index);
    --count_;
}

}  // namespace tinygate
