// The console's UART: a receive ring that holds what hello announces, and lines sent whole.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "tinygate/envelope.hpp"

namespace tinygate {

class SerialPort final : public LineSink {
 public:
    // Whether nobody else has a driver on it.
    static bool is_free();

    // Interrupts go to the core that calls this: not to the one that measures. Call once.
    explicit SerialPort(size_t rx_window_bytes);

    void send(std::string_view line) override;

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
