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

// The line's rate after boot, and the fastest that the USART takes; 0 where an emulator has no rates.
uint32_t boot_baud_of_port();
uint32_t max_baud_of_port();

class SerialPort final : public LineSink {
 public:
    SerialPort();

    void send(std::string_view line) override { print(line); }
    void set_baud(uint32_t baud) override;  // what was printed has left

    struct Received {
        std::string_view bytes;  // live until the next call; none if a while passed without any
        bool overflowed;         // bytes were lost before these
    };
    Received receive();

 private:
    std::array<char, 256> chunk_{};
};

}  // namespace tinygate
