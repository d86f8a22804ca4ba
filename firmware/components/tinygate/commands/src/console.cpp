#include "tinygate/console.hpp"

#include <algorithm>
#include <new>

#include "tinygate/crc32.hpp"

namespace tinygate {
namespace {

// Outputs of one request that are kept until its reply is sent. A model whose outputs are this much larger
// than its inputs gets fewer windows per request.
constexpr size_t kMaxResultsBytes = size_t{32} * 1024;

constexpr size_t data_bytes(size_t line_bytes) {
    return line_bytes / 4 * 3;
}

size_t results_bytes(size_t rx_line_bytes, size_t window_bytes, size_t result_bytes) {
    if (window_bytes == 0) return 0;
    const size_t windows = std::max<size_t>(1, data_bytes(rx_line_bytes) / window_bytes);
    return std::max(result_bytes, std::min(windows * result_bytes, kMaxResultsBytes));
}

}  // namespace

Console::Buffers::Buffers(size_t rx_line_bytes, size_t window_bytes, size_t result_bytes, size_t raw_bytes)
    : rx_line_bytes_(rx_line_bytes),
      results_bytes_(results_bytes(rx_line_bytes, window_bytes, result_bytes)),
      line_(new(std::nothrow) char[rx_line_bytes + Decoder::kSlackBytes]),
      data_(new(std::nothrow) char[data_bytes(rx_line_bytes)]),
      piece_(new(std::nothrow) char[window_bytes]),
      last_window_(new(std::nothrow) char[window_bytes]()),
      results_(new(std::nothrow) char[results_bytes_]),
      raw_(data_bytes(rx_line_bytes), window_bytes, result_bytes, raw_bytes) {}

bool Console::Buffers::complete() const {
    return line_ && data_ && piece_ && last_window_ && results_ && raw_.complete();
}

Console::Console(Device& device, LineSink& sink, Ident boot_id, Buffers& buffers)
    : device_(device),
      buffers_(buffers),
      session_(boot_id, buffers.rx_line_bytes_, {buffers.line_.get(), buffers.data_.get()}, sink),
      assembly_(buffers.piece_.get(), device.unusable() ? 0 : device.window_bytes()),
      raw_inference_(device, buffers.raw_) {}

void Console::announce() {
    session_.announce(device_.hello());
}

void Console::receive(std::string_view bytes) {
    for (const char byte : bytes) {
        if (const auto incoming = session_.push(byte)) carry_out(*incoming);
        if (restart_requested_) return;
    }
}

void Console::overflowed() {
    ++overflows_;
    session_.announce(
        Error(ErrorCode::kNoCredit, "received bytes were lost: more were sent than hello announced"));
}

void Console::carry_out(const Incoming& incoming) {
    std::visit([&](const auto& request) { answer(incoming, request); }, incoming.request);
}

void Console::reply(const Incoming& incoming, const Device::Refusal& refusal, const Reply& message) {
    session_.reply(incoming, refusal ? static_cast<const Reply&>(*refusal) : message);
}

std::string_view Console::last_window() {
    return {buffers_.last_window_.get(), device_.window_bytes()};
}

void Console::answer(const Incoming& incoming, const HelloRequest&) {
    session_.reply(incoming, device_.hello());
}

void Console::answer(const Incoming& incoming, const BenchRequest& request) {
    Bench message;
    auto refusal = device_.unusable();
    if (!refusal) {
        message.warmup = request.warmup;
        message.invocations = request.invocations;
        message.is_application_running = request.is_application_running;
        message.input_crc32 = crc32(last_window());
        refusal = bench(request, message);
    }
    reply(incoming, refusal, message);
}

// Starts from a model without history, and leaves one.
Device::Refusal Console::bench(const BenchRequest& request, Bench& reply) {
    if (auto refusal = device_.reset()) return refusal;
    if (auto refusal = device_.bench(request, last_window(), reply)) return refusal;
    return device_.reset();
}

void Console::answer(const Incoming& incoming, const ArenaRequest&) {
    const auto refusal = device_.unusable();
    reply(incoming, refusal, refusal ? Arena() : device_.arena());
}

void Console::answer(const Incoming& incoming, const InferRequest& request) {
    Infer message;
    auto refusal = device_.unusable();
    if (!refusal) refusal = infer(request, message);
    reply(incoming, refusal, message);
}

Device::Refusal Console::infer(const InferRequest& request, Infer& reply) {
    std::string_view windows;
    Sentence problem;
    if (!assembly_.add(request, windows, problem)) return Error(ErrorCode::kBadRequest, problem);
    if (auto refusal = infer_windows(windows, request.reset)) return refusal;
    const size_t count = windows.size() / device_.window_bytes();
    reply.first = request.first;
    reply.count = static_cast<uint32_t>(count);
    reply.data = {buffers_.results_.get(), count * device_.result_bytes()};
    return std::nullopt;
}

// Invokes with each window and keeps the outputs; the last window is the one to bench with.
Device::Refusal Console::infer_windows(std::string_view windows, Reset reset) {
    const size_t window_bytes = device_.window_bytes();
    const size_t result_bytes = device_.result_bytes();
    const size_t count = windows.size() / window_bytes;
    if (count * result_bytes > buffers_.results_bytes_) {
        Sentence detail;
        return Error(ErrorCode::kTooLarge, detail << count << " outputs of " << result_bytes
                                                  << " bytes exceed the " << buffers_.results_bytes_
                                                  << " there is room for: send fewer");
    }
    for (size_t i = 0; i < count; ++i) {
        const bool is_reset = reset == Reset::kEach || (reset == Reset::kFirst && i == 0);
        if (auto refusal = is_reset ? device_.reset() : std::nullopt) return refusal;
        const auto window = windows.substr(i * window_bytes, window_bytes);
        if (auto refusal = device_.invoke(window, buffers_.results_.get() + i * result_bytes))
            return refusal;
        if (i + 1 == count) std::copy(window.begin(), window.end(), buffers_.last_window_.get());
    }
    return std::nullopt;
}

void Console::answer(const Incoming& incoming, const InferRawRequest& request) {
    InferRaw message;
    auto refusal = device_.unusable();
    if (!refusal) refusal = raw_inference_.infer(request, buffers_.last_window_.get(), message.windows);
    reply(incoming, refusal, message);
}

void Console::answer(const Incoming& incoming, const ProfileRequest&) {
    Profile message;
    auto refusal = device_.unusable();
    if (!refusal) refusal = profile(message);
    reply(incoming, refusal, message);
}

Device::Refusal Console::profile(Profile& reply) {
    if (auto refusal = device_.reset()) return refusal;
    if (auto refusal = device_.profile(last_window(), reply)) return refusal;
    return device_.reset();
}

void Console::answer(const Incoming& incoming, const HealthRequest&) {
    Health message = device_.health();
    message.rejected_records = session_.rejected_records();
    message.receive_overflows = overflows_;
    session_.reply(incoming, message);
}

void Console::answer(const Incoming& incoming, const LayoutRequest&) {
    session_.reply(incoming, device_.layout());
}

void Console::answer(const Incoming& incoming, const RestartRequest& request) {
    const auto refusal = device_.prepare_restart(request);
    restart_requested_ = !refusal;
    reply(incoming, refusal, Restart());
}

}  // namespace tinygate
