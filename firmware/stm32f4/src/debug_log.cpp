// What TensorFlow Lite Micro has to say, on the console: the few conversions that its messages use, without a heap.
#include "tensorflow/lite/micro/debug_log.h"

#include <array>
#include <cstdarg>
#include <cstdint>

#include "tinygate/serial_port.hpp"
#include "tinygate/text.hpp"

namespace tinygate {
namespace {

bool is_modifier(char c) {
    return is_digit(c) || c == 'l' || c == 'z' || c == 'h' || c == '.' || c == '-' || c == '+' || c == '#';
}

// Longs and sizes have 32 bits here, so that every whole number is read alike.
void put_argument(Sentence& text, char conversion, va_list* arguments) {
    switch (conversion) {
        case 's':
            text << va_arg(*arguments, const char*);
            return;
        case 'c':
            text << std::string_view(std::array{static_cast<char>(va_arg(*arguments, int))}.data(), 1);
            return;
        case 'd':
        case 'i':
            text << Digits::decimal_signed(va_arg(*arguments, int)).view();
            return;
        case 'x':
        case 'p':
            text << "0x" << Digits::hex32(va_arg(*arguments, uint32_t)).view();
            return;
        case 'f':
        case 'g':
            text << "0x" << Digits::float_bits(static_cast<float>(va_arg(*arguments, double))).view() << " (a float)";
            return;
        default:
            text << Digits::decimal(va_arg(*arguments, uint32_t)).view();
    }
}

}  // namespace
}  // namespace tinygate

extern "C" void DebugLog(const char* format, va_list arguments) {
    using namespace tinygate;
    va_list rest;
    va_copy(rest, arguments);
    Sentence text;
    for (const char* c = format; *c != 0; ++c) {
        if (*c == '%' && c[1] != 0) {
            do ++c;
            while (is_modifier(*c));
            if (*c == 0) break;
            if (*c == '%') {
                text << "%";
            } else {
                put_argument(text, *c, &rest);
            }
        } else {
            text << std::string_view(c, 1);
        }
    }
    va_end(rest);
    print(text.view());
}
