// The console's USART: a receive ring that holds what hello announces, and lines sent whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tinygate/envelope.hpp"

namespace tinygate {

// Sends text by polling; works in fault handlers too.
void print(std::string_view text);

class SerialPort final : public LineSink {
 public:
    SerialPort();

    void send(std::string_view line) override { print(line); }

    struct Received {
        std::string_view bytes;  // live until the next call; none if a while passed without any
        bool overflowed;         // bytes were lost before these
    };
    Received receive();

 private:
    std::array<char, 256> chunk_{};
};

}  // namespace tinygate
