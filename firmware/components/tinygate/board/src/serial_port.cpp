#include "tinygate/serial_port.hpp"

#include <unistd.h>

#include <algorithm>

#include "esp_err.h"
#include "sdkconfig.h"

namespace tinygate {
namespace {

constexpr auto kUart = static_cast<uart_port_t>(CONFIG_ESP_CONSOLE_UART_NUM);

// The driver puts an event into the queue per interrupt, each for at most this many bytes.
constexpr size_t kBytesPerEvent = 120;

}  // namespace

bool SerialPort::is_free() {
    return !uart_is_driver_installed(kUart);
}

SerialPort::SerialPort(size_t rx_window_bytes) {
    // Noise may fill the ring to the last byte; half a window more keeps requests after it from being lost.
    const size_t ring_bytes = rx_window_bytes + rx_window_bytes / 2;
    const int events = static_cast<int>(ring_bytes / kBytesPerEvent);
    ESP_ERROR_CHECK(uart_driver_install(kUart, static_cast<int>(ring_bytes), 0, events, &events_, 0));
}

// Through the console's own file, whose lock keeps log lines out of records. It may write CR LF as CR CR LF,
// which the protocol allows.
void SerialPort::send(std::string_view line) {
    while (!line.empty()) {
        const ssize_t written = write(STDOUT_FILENO, line.data(), line.size());
        if (written <= 0) return;  // nobody can be told
        line.remove_prefix(static_cast<size_t>(written));
    }
}

SerialPort::Received SerialPort::receive(TickType_t wait) {
    size_t waiting = 0;
    uart_get_buffered_data_len(kUart, &waiting);
    uart_event_t event;
    bool overflowed = false;
    while (xQueueReceive(events_, &event, waiting > 0 ? 0 : wait) == pdTRUE) {
        overflowed |= event.type == UART_FIFO_OVF || event.type == UART_BUFFER_FULL;
        uart_get_buffered_data_len(kUart, &waiting);
    }
    const auto wanted = static_cast<uint32_t>(std::min(waiting, chunk_.size()));
    const int count = wanted > 0 ? uart_read_bytes(kUart, chunk_.data(), wanted, 0) : 0;
    return {{chunk_.data(), static_cast<size_t>(std::max(count, 0))}, overflowed};
}

}  // namespace tinygate
