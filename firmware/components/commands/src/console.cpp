#include "tinygate/console.hpp"

#include <algorithm>
#include <new>

#include "tinygate/crc32.hpp"

namespace tinygate {
namespace {

// Outputs of one request that are kept until its reply is sent. A model whose output is this much larger than
// its input gets fewer windows per request.
constexpr size_t kMaxOutputsBytes = 32 * 1024;

constexpr size_t data_bytes(size_t line_bytes) {
    return line_bytes / 4 * 3;
}

size_t outputs_bytes(size_t rx_line_bytes, size_t input_bytes, size_t output_bytes) {
    if (input_bytes == 0) return 0;
    const size_t windows = std::max<size_t>(1, data_bytes(rx_line_bytes) / input_bytes);
    return std::max(output_bytes, std::min(windows * output_bytes, kMaxOutputsBytes));
}

}  // namespace

Console::Buffers::Buffers(size_t rx_line_bytes, size_t input_bytes, size_t output_bytes)
    : rx_line_bytes_(rx_line_bytes),
      outputs_bytes_(outputs_bytes(rx_line_bytes, input_bytes, output_bytes)),
      line_(new(std::nothrow) char[rx_line_bytes + Decoder::kSlackBytes]),
      data_(new(std::nothrow) char[data_bytes(rx_line_bytes)]),
      piece_(new(std::nothrow) char[input_bytes]),
      last_window_(new(std::nothrow) char[input_bytes]()),
      outputs_(new(std::nothrow) char[outputs_bytes_]) {}

bool Console::Buffers::complete() const {
    return line_ && data_ && piece_ && last_window_ && outputs_;
}

Console::Console(Device& device, LineSink& sink, Ident boot_id, Buffers& buffers)
    : device_(device),
      buffers_(buffers),
      session_(boot_id, buffers.rx_line_bytes_, {buffers.line_.get(), buffers.data_.get()}, sink),
      assembly_(buffers.piece_.get(), device.unusable() ? 0 : device.input_bytes()) {}

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
    return {buffers_.last_window_.get(), device_.input_bytes()};
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
        message.input_crc32 = crc32(last_window());
        refusal = device_.bench(request, last_window(), message);
    }
    reply(incoming, refusal, message);
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
    if (const auto refusal = infer_windows(windows)) return refusal;
    const size_t count = windows.size() / device_.input_bytes();
    reply.first = request.first;
    reply.count = static_cast<uint32_t>(count);
    reply.data = {buffers_.outputs_.get(), count * device_.output_bytes()};
    return std::nullopt;
}

// Invokes with each window and keeps the outputs; the last window is the one to bench with.
Device::Refusal Console::infer_windows(std::string_view windows) {
    const size_t input_bytes = device_.input_bytes();
    const size_t output_bytes = device_.output_bytes();
    const size_t count = windows.size() / input_bytes;
    if (count * output_bytes > buffers_.outputs_bytes_) {
        Sentence detail;
        return Error(ErrorCode::kTooLarge, detail << count << " outputs of " << output_bytes
                                                  << " bytes exceed the " << buffers_.outputs_bytes_
                                                  << " there is room for: send fewer");
    }
    for (size_t i = 0; i < count; ++i) {
        const auto window = windows.substr(i * input_bytes, input_bytes);
        if (const auto refusal = device_.invoke(window, buffers_.outputs_.get() + i * output_bytes))
            return refusal;
        if (i + 1 == count) std::copy(window.begin(), window.end(), buffers_.last_window_.get());
    }
    return std::nullopt;
}

void Console::answer(const Incoming& incoming, const ProfileRequest&) {
    Profile message;
    auto refusal = device_.unusable();
    if (!refusal) refusal = device_.profile(last_window(), message);
    reply(incoming, refusal, message);
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
