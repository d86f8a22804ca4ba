// The console's UART, or one of its own: a receive ring that holds what hello announces, and lines sent whole.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "tinygate/envelope.hpp"

namespace tinygate {

// The line's rate after boot, and the fastest that the UART takes; 0 where an emulator has no rates.
uint32_t boot_baud_of_port();
uint32_t max_baud_of_port();

class SerialPort final : public LineSink {
 public:
    // Whether nobody else has a driver on it.
    static bool is_free();

    // Interrupts go to the core that calls this: not to the one that measures. Call once.
    explicit SerialPort(size_t rx_window_bytes);

    void send(std::string_view line) override;
    void set_baud(uint32_t baud) override;

    struct Received {
        std::string_view bytes;  // live until the next call; none if `wait` passed without any
        bool overflowed;         // bytes were lost before these
    };
    Received receive(TickType_t wait);

 private:
    QueueHandle_t events_ = nullptr;
    std::array<char, 256> chunk_{};
};

}  // namespace tinygate
