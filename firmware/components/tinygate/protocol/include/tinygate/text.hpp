// Text without a heap: a sentence of bounded length, numbers in text, and strict UTF-8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace tinygate {

// Decimal or hexadecimal digits of a number; lives as long as the value is looked at.
class Digits {
 public:
    static Digits decimal(uint64_t value);
    static Digits decimal_signed(int64_t value);
    static Digits hex32(uint32_t value);
    static Digits float_bits(float value);  // as hexadecimal digits

    std::string_view view() const { return {digits_.data() + first_, digits_.size() - first_}; }

 private:
    void push_front(char digit) { digits_[--first_] = digit; }

    std::array<char, 21> digits_{};
    size_t first_ = digits_.size();
};

// A sentence of at most `kCapacity` bytes; what does not fit is cut off between two characters.
class Sentence {
 public:
    static constexpr size_t kCapacity = 200;

    Sentence() = default;
    Sentence(std::string_view text) { *this << text; }
    Sentence(const char* text) : Sentence(std::string_view(text)) {}

    Sentence& operator<<(std::string_view text);
    Sentence& operator<<(const char* text) { return *this << std::string_view(text); }
    template <class Number, class = std::enable_if_t<std::is_unsigned_v<Number>>>
    Sentence& operator<<(Number number) {
        return *this << Digits::decimal(number).view();
    }

    std::string_view view() const { return {text_.data(), size_}; }

 private:
    std::array<char, kCapacity> text_{};
    size_t size_ = 0;
    bool full_ = false;
};

// The number that `text` is, written as the protocol writes it: no sign, no leading zero, at most `max`.
std::optional<uint64_t> parse_decimal(std::string_view text, uint64_t max);

// Whether all of `text` is `length` lower-case hexadecimal digits.
bool is_hex(std::string_view text, size_t length);

bool is_utf8(std::string_view text);

// The longest beginning of valid UTF-8 that has at most `max_characters` characters.
std::string_view first_characters(std::string_view text, size_t max_characters);

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
inline bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
inline bool is_printable(char c) {
    return c >= 0x20 && c <= 0x7e;
}

}  // namespace tinygate
