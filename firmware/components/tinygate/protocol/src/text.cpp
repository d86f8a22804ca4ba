#include "tinygate/text.hpp"

#include <cstring>

#include <algorithm>
#include <limits>

namespace tinygate {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Length of the UTF-8 sequence at the beginning of `text`, 0 if it is none: overlong forms, surrogates and
// values beyond U+10FFFF are none.
size_t sequence_length(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return 0;
    }
    const unsigned second = byte(1);
    const bool unlawful = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                          (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
    return unlawful ? 0 : length;
}

}  // namespace

Digits Digits::decimal(uint64_t value) {
    Digits digits;
    do {
        digits.push_front(static_cast<char>('0' + value % 10));
        value /= 10;
    } while (value != 0);
    return digits;
}

Digits Digits::decimal_signed(int64_t value) {
    // Negated as unsigned: the most negative number has no positive twin.
    Digits digits = decimal(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
    if (value < 0) digits.push_front('-');
    return digits;
}

Digits Digits::hex32(uint32_t value) {
    Digits digits;
    for (int i = 0; i < 8; ++i, value >>= 4) digits.push_front("0123456789abcdef"[value & 0xf]);
    return digits;
}

Digits Digits::float_bits(float value) {
    uint32_t bits = 0;
    static_assert(sizeof bits == sizeof value);
    std::memcpy(&bits, &value, sizeof bits);
    return hex32(bits);
}

Sentence& Sentence::operator<<(std::string_view text) {
    if (full_) return *this;
    size_t count = std::min(text.size(), kCapacity - size_);
    full_ = count < text.size();
    while (full_ && count > 0 && is_continuation(text[count])) --count;
    std::copy_n(text.begin(), count, text_.begin() + size_);
    size_ += count;
    return *this;
}

std::optional<uint64_t> parse_decimal(std::string_view text, uint64_t max) {
    if (text.empty() || (text[0] == '0' && text.size() > 1)) return std::nullopt;
    uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        const uint64_t digit = static_cast<uint64_t>(c - '0');
        if (value > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    return value <= max ? std::optional(value) : std::nullopt;
}

bool is_hex(std::string_view text, size_t length) {
    const auto lawful = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
    return text.size() == length && std::all_of(text.begin(), text.end(), lawful);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string_view first_characters(std::string_view text, size_t max_characters) {
    size_t size = 0;
    for (; size < text.size(); --max_characters) {
        const size_t length = max_characters == 0 ? 0 : sequence_length(text.substr(size));
        if (length == 0) break;
        size += length;
    }
    return text.substr(0, size);
}

}  // namespace tinygate
