#include "tinygate/serial_port.hpp"

#include <unistd.h>

#include <algorithm>

#include "esp_err.h"
#include "esp_idf_version.h"
#include "sdkconfig.h"
#include "tinygate/emulation.hpp"
#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 3, 0)
#include "esp_vfs_dev.h"
#else
#include "driver/uart_vfs.h"
#endif

namespace tinygate {
namespace {

constexpr auto kUart = static_cast<uart_port_t>(CONFIG_ESP_CONSOLE_UART_NUM);

// The driver puts an event into the queue per interrupt, each for at most this many bytes.
constexpr size_t kBytesPerEvent = 120;

constexpr uint32_t kFastestBaud = 5'000'000;
constexpr TickType_t kSendingEnds = pdMS_TO_TICKS(500);

// The console's file would put a CR before each LF, in a frame too.
void send_bytes_as_they_are() {
#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 3, 0)
    esp_vfs_dev_uart_port_set_tx_line_endings(kUart, ESP_LINE_ENDINGS_LF);
#else
    uart_vfs_dev_port_set_tx_line_endings(kUart, ESP_LINE_ENDINGS_LF);
#endif
}

}  // namespace

uint32_t boot_baud_of_port() {
    return CONFIG_ESP_CONSOLE_UART_BAUDRATE;
}

uint32_t max_baud_of_port() {
    return is_emulated() ? 0 : kFastestBaud;
}

bool SerialPort::is_free() {
    return !uart_is_driver_installed(kUart);
}

SerialPort::SerialPort(size_t rx_window_bytes) {
    // Noise may fill the ring to the last byte; half a window more keeps requests after it from being lost.
    const size_t ring_bytes = rx_window_bytes + rx_window_bytes / 2;
    const int events = static_cast<int>(ring_bytes / kBytesPerEvent);
    ESP_ERROR_CHECK(uart_driver_install(kUart, static_cast<int>(ring_bytes), 0, events, &events_, 0));
    send_bytes_as_they_are();
}

void SerialPort::set_baud(uint32_t baud) {
    uart_wait_tx_done(kUart, kSendingEnds);
    uart_set_baudrate(kUart, baud);
}

// Through the console's own file, whose lock keeps log lines out of records.
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
