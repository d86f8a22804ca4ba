#include "tinygate/lz4.hpp"

#include <algorithm>

namespace tinygate {
namespace {

constexpr size_t kShortestMatch = 4;
constexpr unsigned kMore = 15;  // the length goes on in the bytes that follow

class Block {
 public:
    Block(std::string_view block, char* out, size_t capacity, std::string_view history)
        : rest_(block), out_(out), capacity_(capacity), history_(history) {}

    bool decode() {
        while (!rest_.empty()) {
            const unsigned token = next();
            if (!literals(length(token >> 4))) return false;
            if (rest_.empty()) return is_lawful_;  // the last sequence has no match
            if (rest_.size() < 2) return false;
            size_t offset = next();
            offset |= size_t{next()} << 8;
            if (!match(offset, length(token & kMore) + kShortestMatch)) return false;
        }
        return false;
    }

    size_t written() const { return written_; }

 private:
    unsigned next() {
        if (rest_.empty()) {
            is_lawful_ = false;
            return 0;
        }
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return byte;
    }

    size_t length(unsigned nibble) {
        size_t total = nibble;
        for (unsigned byte = nibble == kMore ? 255 : 0; byte == 255; total += byte) byte = next();
        return total;
    }

    bool literals(size_t count) {
        if (!is_lawful_ || count > rest_.size() || count > capacity_ - written_) return false;
        std::copy_n(rest_.begin(), count, out_ + written_);
        rest_.remove_prefix(count);
        written_ += count;
        return true;
    }

    // Byte by byte: a match may reach into what it writes itself.
    bool match(size_t offset, size_t count) {
        if (!is_lawful_ || offset == 0 || offset > written_ + history_.size() || count > capacity_ - written_)
            return false;
        for (; count > 0; --count, ++written_) {
            out_[written_] =
                offset <= written_ ? out_[written_ - offset] : history_[history_.size() + written_ - offset];
        }
        return true;
    }

    std::string_view rest_;
    char* out_;
    size_t capacity_;
    std::string_view history_;
    size_t written_ = 0;
    bool is_lawful_ = true;
};

}  // namespace

std::optional<size_t> lz4_decode(std::string_view block, char* out, size_t capacity,
                                 std::string_view history) {
    Block decoder(block, out, capacity, history);
    return decoder.decode() ? std::optional(decoder.written()) : std::nullopt;
}

}  // namespace tinygate
