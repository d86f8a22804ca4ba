// One task, pinned to one core, that listens, invokes and answers; the application starts it.
#include <optional>

#include "driver/uart.h"
#include "esp_log.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinygate.h"
#include "tinygate/chip_device.hpp"
#include "tinygate/clock.hpp"
#include "tinygate/console.hpp"
#include "tinygate/health.hpp"
#include "tinygate/next_boot.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/watchdog.hpp"

namespace tinygate {
namespace {

constexpr TickType_t kListen = pdMS_TO_TICKS(200);  // less than the task watchdog's time, and than a line's at another rate
constexpr const char* kTag = "tinygate";

[[noreturn]] void serve(Console& console, SerialPort& port) {
    console.announce();
    while (!console.restart_requested()) {
        feed_watchdog();
        const auto received = port.receive(kListen);
        if (received.overflowed) console.overflowed();
        console.receive(received.bytes);
        console.tick(static_cast<uint64_t>(uptime_us()));
    }
    esp_restart();
}

Model model_of(const tinygate_config_t& config) {
    Model model = {};
#if CONFIG_TINYGATE_GENERATED_MODEL
    model = generated_model();
#endif
    if (config.model != nullptr)
        model = {{config.model, config.model_bytes}, config.operators, nullptr, model.preprocessor};
    if (config.preprocessor != nullptr) model.preprocessor = config.preprocessor;
    return model;
}

// What the boot before asked for comes from the application's arena if it is large enough, else from the heap.
ArenaMemory arena_of(const tinygate_config_t& config) {
    const std::optional<uint32_t> asked = take_asked_arena();
    if (config.arena != nullptr && asked.value_or(0) <= config.arena_bytes)
        return ArenaMemory(config.arena, asked.value_or(config.arena_bytes));
    return ArenaMemory(asked.value_or(CONFIG_TINYGATE_ARENA_BYTES));
}

// What the task is started with, and who waits until it has taken its memory.
struct Start {
    tinygate_config_t config;
    SerialPort* port;
    TaskHandle_t caller;
    uint32_t free_heap_bytes;
};

// What lives as long as the app is static: too large for a stack, and never given back.
[[noreturn]] void run(void* started) {
    const Start start = *static_cast<Start*>(started);
    watch_this_task();
    uint32_t own_bytes = start.free_heap_bytes - free_heap_bytes();
    static const Identity identity;
    static const ArenaMemory arena = arena_of(start.config);
    ESP_LOGI(kTag, "%u bytes of arena", static_cast<unsigned>(arena.size()));
    const uint32_t left_by_arena = free_heap_bytes();
    static ChipDevice device(identity, model_of(start.config), arena, CONFIG_TINYGATE_STACK_BYTES,
                             {start.config.run_application, start.config.context});

    const bool usable = !device.unusable();
    static Console::Buffers buffers(ChipDevice::kRxLineBytes, usable ? device.window_bytes() : 0,
                                    usable ? device.result_bytes() : 0,
                                    usable ? device.raw_bytes() : 0);
    if (!buffers.complete()) device.give_up(Error(ErrorCode::kInternal, "no memory for the model's windows"));
    static Console console(device, *start.port, Ident::of(identity.boot_id()), buffers, store_of_board());
    constexpr std::string_view kRunnersModel = CONFIG_TINYGATE_MLPERF_TINY_MODEL;
    if (!kRunnersModel.empty()) console.show_runner_face(kRunnersModel);
    own_bytes += left_by_arena - free_heap_bytes();
    device.note_own_heap(own_bytes);
    xTaskNotifyGive(start.caller);
    serve(console, *start.port);
}

bool is_aligned(const uint8_t* block) {
    return reinterpret_cast<uintptr_t>(block) % ArenaMemory::kAlignment == 0;
}

// Why a configuration cannot be served; null if it can.
const char* problem_of(const tinygate_config_t& config) {
#if !CONFIG_TINYGATE_GENERATED_MODEL
    if (config.model == nullptr)
        return "no model: give one, or let the build put one in (CONFIG_TINYGATE_GENERATED_MODEL)";
#endif
    const bool is_whole = config.model == nullptr
                              ? config.model_bytes == 0 && config.operators == nullptr
                              : config.model_bytes > 0 && config.operators != nullptr;
    if (!is_whole) return "a model needs its length and its operators, and these need a model";
    if ((config.arena == nullptr) != (config.arena_bytes == 0)) return "an arena needs its size, and a size an arena";
    if (!is_aligned(config.model) || !is_aligned(config.arena))
        return "model and arena must be aligned to 16 bytes: alignas(16)";
    return nullptr;
}

esp_err_t refuse(esp_err_t code, const char* why) {
    ESP_LOGE(kTag, "not started: %s", why);
    return code;
}

}  // namespace
}  // namespace tinygate

extern "C" esp_err_t tinygate_start(const tinygate_config_t* config) {
    using namespace tinygate;
    static bool is_started = false;
    if (is_started) return refuse(ESP_ERR_INVALID_STATE, "it was started before");
    static Start start;
    start = {config != nullptr ? *config : tinygate_config_t{}, nullptr, xTaskGetCurrentTaskHandle(),
             free_heap_bytes()};
    if (const char* problem = problem_of(start.config)) return refuse(ESP_ERR_INVALID_ARG, problem);
    if (!SerialPort::is_free())
        return refuse(ESP_ERR_INVALID_STATE, "its UART has a driver already: end that, or give it a UART of its own");
    is_started = true;
    static SerialPort port(ChipDevice::kRxWindowBytes);
    start.port = &port;
    if (xTaskCreatePinnedToCore(run, kTag, CONFIG_TINYGATE_STACK_BYTES, &start, CONFIG_TINYGATE_PRIORITY, nullptr,
                                CONFIG_TINYGATE_CORE) != pdPASS) {
        return refuse(ESP_ERR_NO_MEM, "no memory for a task with a stack of CONFIG_TINYGATE_STACK_BYTES");
    }
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    return ESP_OK;
}
