#include "tinygate/chip_device.hpp"

#include "tinygate/emulation.hpp"
#include "tinygate/health.hpp"
#include "tinygate/layout.hpp"
#include "tinygate/next_boot.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/sha256.hpp"
#include "tinygate/test_set.hpp"
#include "tinygate/watchdog.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kMaxArenaBytes = 4 * 1024 * 1024;  // the most external memory that an ESP32 maps

std::array<char, 64> hex_sha256(List<uint8_t> bytes) {
    std::array<char, 64> hex{};
    const Sha256 digest = sha256(bytes.data, bytes.size);
    for (size_t i = 0; i < hex.size(); ++i)
        hex[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
    return hex;
}

}  // namespace

ChipDevice::ChipDevice(const Identity& identity, const Model& model, const ArenaMemory& arena,
                       uint32_t stack_bytes, const Application& application)
    : identity_(identity),
      model_(model),
      arena_(arena),
      stack_bytes_(stack_bytes),
      application_(application),
      model_sha256_(hex_sha256(model.bytes)),
      engine_(model_is_intact() ? model.bytes : List<uint8_t>(), model.operators, arena),
      runner_(engine_, feed_watchdog),
      problem_(engine_.problem()) {
    if (!model_is_intact()) {
        problem_.emplace(ErrorCode::kInternal,
                         "the model in flash is not the one that the app was built with");
    }
}

bool ChipDevice::model_is_intact() const {
    return model_.expected_sha256 == nullptr || model_sha256() == model_.expected_sha256;
}

Hello ChipDevice::hello() {
    Hello hello;
    identity_.describe(hello);
    hello.model_sha256 = model_sha256();
    hello.model_bytes = static_cast<uint32_t>(model_.bytes.size);
    hello.model_status = problem_ ? name(problem_->code) : "ok";
    hello.arena_placement = arena_.placement();
    hello.arena_configured_bytes = arena_.size();
    hello.rx_line_bytes = kRxLineBytes;
    hello.rx_window_bytes = kRxWindowBytes;
    hello.data_bytes = kDataBytes;
    hello.store_bytes = TestSet(store_of_board()).capacity();
    hello.baud = boot_baud();
    hello.max_baud = max_baud();
    if (!problem_) {
        hello.inputs = engine_.inputs();
        hello.outputs = engine_.outputs();
        hello.preprocessor = model_.preprocessor;
    }
    return hello;
}

uint32_t ChipDevice::boot_baud() {
    return boot_baud_of_port();
}

uint32_t ChipDevice::max_baud() {
    return max_baud_of_port();
}

Health ChipDevice::health() {
    Health health = measure_health(stack_bytes_);
    health.own_heap_bytes = own_heap_bytes_;
    return health;
}

Layout ChipDevice::layout() {
    return arena_layout(model_.operators);
}

Arena ChipDevice::arena() {
    Arena arena;
    arena.used_bytes = engine_.arena_used_bytes();
    arena.configured_bytes = arena_.size();
    return arena;
}

Device::Refusal ChipDevice::reset() {
    if (engine_.reset()) return std::nullopt;
    return Error(ErrorCode::kInvokeFailed, "the interpreter could not reset the model's state");
}

Device::Refusal ChipDevice::invoke(std::string_view window, char* result) {
    feed_watchdog();
    engine_.set_inputs(window);
    if (!engine_.invoke()) return Error(ErrorCode::kInvokeFailed, "the interpreter returned an error");
    engine_.get_outputs(result);
    return std::nullopt;
}

Device::Refusal ChipDevice::bench(const BenchRequest& request, std::string_view window, Bench& reply) {
    if (request.invocations > Runner::kMaxInvocations || request.warmup > Runner::kMaxWarmup) {
        Sentence detail;
        detail << "warmup=" << request.warmup << " invocations=" << request.invocations
               << ": expected at most " << Runner::kMaxWarmup << " and " << Runner::kMaxInvocations;
        return Error(ErrorCode::kBadRequest, detail);
    }
    if (request.is_application_running && application_.run == nullptr) {
        return Error(ErrorCode::kUnsupported, "tinygate_start() was given no run_application to set going");
    }
    if (request.is_application_running) application_.run(true, application_.context);
    const bool done = runner_.run(request.warmup, request.invocations, window);
    if (request.is_application_running) application_.run(false, application_.context);
    if (!done) {
        return Error(ErrorCode::kInvokeFailed, "the interpreter returned an error");
    }
    if (is_emulated()) {
        reply.emulated_empty_cycles = runner_.empty_cycles();
        reply.emulated_cycles = runner_.cycles();
    } else {
        reply.empty_cycles = runner_.empty_cycles();
        reply.cycles = runner_.cycles();
        reply.latency_us = runner_.latency_us();
    }
    return std::nullopt;
}

// The model is loaded twice: with the profiler for one invocation, and without it for all that follow.
Device::Refusal ChipDevice::profile(std::string_view window, Profile& reply) {
    profiler_.clear();
    bool done = engine_.load(&profiler_);
    profiler_.clear();
    if (done) {
        engine_.set_inputs(window);
        done = engine_.invoke();
    }
    if (!engine_.load(nullptr)) problem_.emplace(ErrorCode::kInternal, "the model could not be loaded again");
    if (!done) return Error(ErrorCode::kInvokeFailed, "the interpreter returned an error");
    if (profiler_.overflowed())
        return Error(ErrorCode::kUnsupported, "more operators than the profiler has room for");
    reply.operators = profiler_.operators();
    if (!is_emulated()) reply.ticks = profiler_.cycles();
    return std::nullopt;
}

Device::Refusal ChipDevice::prepare_restart(const RestartRequest& request) {
    if (!request.arena_bytes) {
        ask_for_usual_arena();
        return std::nullopt;
    }
    if (*request.arena_bytes == 0 || *request.arena_bytes > kMaxArenaBytes) {
        Sentence detail;
        detail << "arena_bytes=" << *request.arena_bytes << ": expected 1 to " << kMaxArenaBytes;
        return Error(ErrorCode::kBadRequest, detail);
    }
    ask_for_arena(*request.arena_bytes);
    return std::nullopt;
}

}  // namespace tinygate
