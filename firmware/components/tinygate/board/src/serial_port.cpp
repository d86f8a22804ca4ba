#include "tinygate/serial_port.hpp"

#include <unistd.h>

#include <algorithm>

#include "esp_err.h"
#include "esp_idf_version.h"
#include "sdkconfig.h"
#include "tinygate/emulation.hpp"
#if CONFIG_TINYGATE_ON_OWN_UART
// The console keeps its own.
#elif ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 3, 0)
#include "esp_vfs_dev.h"
#else
#include "driver/uart_vfs.h"
#endif

namespace tinygate {
namespace {

// The driver puts an event into the queue per interrupt, each for at most this many bytes.
constexpr size_t kBytesPerEvent = 120;

constexpr uint32_t kFastestBaud = 5'000'000;
constexpr TickType_t kSendingEnds = pdMS_TO_TICKS(500);

#if CONFIG_TINYGATE_ON_OWN_UART

constexpr auto kUart = static_cast<uart_port_t>(CONFIG_TINYGATE_UART_NUM);
constexpr uint32_t kBaud = CONFIG_TINYGATE_UART_BAUD;

void set_up() {
    uart_config_t config = {};
    config.baud_rate = static_cast<int>(kBaud);
    config.data_bits = UART_DATA_8_BITS;
    config.parity = UART_PARITY_DISABLE;
    config.stop_bits = UART_STOP_BITS_1;
    config.flow_ctrl = UART_HW_FLOWCTRL_DISABLE;
    config.source_clk = UART_SCLK_DEFAULT;
    ESP_ERROR_CHECK(uart_param_config(kUart, &config));
    ESP_ERROR_CHECK(uart_set_pin(kUart, CONFIG_TINYGATE_UART_TX_GPIO, CONFIG_TINYGATE_UART_RX_GPIO,
                                 UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE));
}

int write_some(std::string_view bytes) {
    return uart_write_bytes(kUart, bytes.data(), bytes.size());
}

#else

constexpr auto kUart = static_cast<uart_port_t>(CONFIG_ESP_CONSOLE_UART_NUM);
constexpr uint32_t kBaud = CONFIG_ESP_CONSOLE_UART_BAUDRATE;

// The console's file would put a CR before each LF, in a frame too.
void set_up() {
#if ESP_IDF_VERSION < ESP_IDF_VERSION_VAL(5, 3, 0)
    esp_vfs_dev_uart_port_set_tx_line_endings(kUart, ESP_LINE_ENDINGS_LF);
#else
    uart_vfs_dev_port_set_tx_line_endings(kUart, ESP_LINE_ENDINGS_LF);
#endif
}

// Through the console's own file, whose lock keeps log lines out of records.
int write_some(std::string_view bytes) {
    return static_cast<int>(write(STDOUT_FILENO, bytes.data(), bytes.size()));
}

#endif

}  // namespace

uint32_t boot_baud_of_port() {
    return kBaud;
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
    set_up();
}

void SerialPort::set_baud(uint32_t baud) {
    uart_wait_tx_done(kUart, kSendingEnds);
    uart_set_baudrate(kUart, baud);
}

void SerialPort::send(std::string_view line) {
    while (!line.empty()) {
        const int written = write_some(line);
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
