#include "tinygate/console.hpp"

#include <algorithm>
#include <new>

#include "tinygate/crc32.hpp"

namespace tinygate {
namespace {

constexpr size_t kResultsBytes = 2048;  // outputs of one request, unless one window has more

constexpr size_t line_data_bytes(size_t line_bytes) {
    return line_bytes / 4 * 3;
}

}  // namespace

Console::Buffers::Buffers(size_t rx_line_bytes, size_t window_bytes, size_t result_bytes, size_t raw_bytes)
    : rx_line_bytes_(rx_line_bytes),
      results_bytes_(std::max(kResultsBytes, raw_bytes == 0 ? result_bytes
                                                            : RawInference::answer_bytes(result_bytes, window_bytes))),
      line_(new (std::nothrow) char[rx_line_bytes + Decoder::kSlackBytes]),
      data_(new (std::nothrow) char[line_data_bytes(rx_line_bytes)]),
      log_(new (std::nothrow) char[Session::kLogBytes]),
      piece_(new (std::nothrow) char[window_bytes]),
      last_window_(new (std::nothrow) char[window_bytes]()),
      results_(new (std::nothrow) char[results_bytes_]),
      unpacked_(new (std::nothrow) char[kDataBytes]),
      raw_piece_(new (std::nothrow) char[raw_bytes]) {}

bool Console::Buffers::complete() const {
    return line_ && data_ && log_ && piece_ && last_window_ && results_ && unpacked_ && raw_piece_;
}

Console::Console(Device& device, LineSink& sink, Ident boot_id, Buffers& buffers, StoreMemory* store)
    : device_(device),
      sink_(sink),
      buffers_(buffers),
      session_(boot_id, buffers.rx_line_bytes_,
               {buffers.line_.get(), buffers.data_.get(), buffers.log_.get()}, sink),
      assembly_(buffers.piece_.get(), device.unusable() ? 0 : device.window_bytes()),
      rate_(device.boot_baud()),
      kept_(store),
      raw_inference_(device, kept_, {buffers.raw_piece_.get(), buffers.results_.get(), buffers.results_bytes_}) {}

void Console::show_runner_face(std::string_view model) {
    face_.emplace(device_, sink_, model, assembly_.lend(), buffers_.results_.get());
}

void Console::announce() {
    session_.announce(device_.hello());
    if (face_) face_->announce();
}

void Console::receive(std::string_view bytes) {
    for (const char byte : bytes) {
        if (const auto incoming = session_.push(byte)) carry_out(*incoming);
        if (face_) session_.is_between_records() ? face_->push(byte) : face_->forget();
        if (restart_requested_) return;
    }
}

void Console::overflowed() {
    ++overflows_;
    session_.announce(
        Error(ErrorCode::kNoCredit, "received bytes were lost: more were sent than hello announced"));
}

void Console::tick(uint64_t now_us) {
    if (rate_.is_over(now_us)) sink_.set_baud(rate_.boot_baud());
}

void Console::carry_out(const Incoming& incoming) {
    rate_.heard();
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
    if (!refusal) refusal = infer(incoming, request, message);
    reply(incoming, refusal, message);
}

Device::Refusal Console::infer(const Incoming& incoming, const InferRequest& request, Infer& reply) {
    reply.first = request.first;
    if (request.data.empty()) return infer_kept(incoming, request, reply);
    std::string_view windows;
    Sentence problem;
    InferRequest plain = request;
    if (auto refusal = unpack_windows(plain, device_.window_bytes())) return refusal;
    if (!assembly_.add(plain, windows, problem)) return bad_request(problem);
    if (auto refusal = infer_windows(windows, incoming, request)) return refusal;
    const size_t count = windows.size() / device_.window_bytes();
    reply.count = static_cast<uint32_t>(count);
    reply.data = {buffers_.results_.get(), count * device_.result_bytes()};
    return std::nullopt;
}

// Undoes what made a request's windows shorter.
Device::Refusal Console::unpack_windows(InferRequest& request, size_t window_bytes) {
    if (request.packing == Packing::kNone || request.data.empty()) return std::nullopt;
    const uint64_t size = uint64_t{request.count} * window_bytes;
    const auto data = size <= kDataBytes && request.packing == Packing::kLz4
                          ? unpack(request.data, request.packing, static_cast<size_t>(size),
                                   buffers_.unpacked_.get(), {})
                          : std::nullopt;
    if (data) {
        request.data = *data;
        return std::nullopt;
    }
    Sentence problem;
    return bad_request(problem << "no block of LZ4 of " << request.count << " windows, at most " << kDataBytes
                               << " bytes");
}

Device::Refusal Console::infer_windows(std::string_view windows, const Incoming& incoming,
                                       const InferRequest& request) {
    const size_t window_bytes = device_.window_bytes();
    const size_t count = windows.size() / window_bytes;
    if (auto refusal = too_many(count)) return refusal;
    for (size_t i = 0; i < count; ++i) {
        if (auto refusal = invoke(windows.substr(i * window_bytes, window_bytes), i, request)) return refusal;
    }
    if (count > 0) keep_last_window(windows.substr((count - 1) * window_bytes), incoming.answers);
    return std::nullopt;
}

Device::Refusal Console::infer_kept(const Incoming& incoming, const InferRequest& request, Infer& reply) {
    char* const window = assembly_.lend();
    const std::string_view bytes(window, device_.window_bytes());
    if (auto refusal = too_many(request.count)) return refusal;
    uint32_t crc = 0;
    for (uint32_t i = 0; i < request.count; ++i) {
        if (!kept_.window(request.first + i, device_.inputs(), window)) {
            Sentence problem;
            return bad_request(problem << "first=" << request.first << " count=" << request.count
                                       << ": no such windows are kept");
        }
        crc = crc32(bytes, crc);
        if (auto refusal = invoke(bytes, i, request)) return refusal;
    }
    if (request.count == 0) return bad_request("count=0: expected at least one window");
    keep_last_window(bytes, incoming.answers);
    reply.count = request.count;
    reply.input_crc32 = crc;
    reply.data = {buffers_.results_.get(), request.count * device_.result_bytes()};
    return std::nullopt;
}

Device::Refusal Console::too_many(size_t count) {
    if (count <= buffers_.results_bytes_ / device_.result_bytes()) return std::nullopt;
    Sentence detail;
    return Error(ErrorCode::kTooLarge, detail << count << " outputs of " << device_.result_bytes()
                                              << " bytes exceed the " << buffers_.results_bytes_
                                              << " there is room for: send fewer");
}

// Invokes with the window of a request that has this index, and keeps its outputs.
Device::Refusal Console::invoke(std::string_view window, size_t index, const InferRequest& request) {
    const bool is_reset = request.reset != Reset::kNever && (request.reset != Reset::kFirst || index == 0);
    if (auto refusal = is_reset ? device_.reset() : std::nullopt) return refusal;
    return device_.invoke(window, buffers_.results_.get() + index * device_.result_bytes());
}

void Console::answer(const Incoming& incoming, const InferRawRequest& request) {
    InferRaw message;
    auto refusal = device_.unusable();
    if (!refusal) refusal = infer_raw(incoming, request, message.windows);
    reply(incoming, refusal, message);
}

Device::Refusal Console::infer_raw(const Incoming& incoming, const InferRawRequest& request, Infer& reply) {
    char* const input = assembly_.lend();
    InferRawRequest plain = request;
    if (auto refusal = unpack_windows(plain.windows, raw_inference_.raw_bytes())) return refusal;
    if (auto refusal = raw_inference_.infer(plain, input, reply)) return refusal;
    if (reply.count > 0) keep_last_window({input, device_.window_bytes()}, incoming.answers);
    return std::nullopt;
}

// To bench with: of requests that overtook each other, the last window is that of the highest number.
void Console::keep_last_window(std::string_view window, const Answers& answers) {
    const bool same_session = last_infer_.nonce == answers.nonce.view();
    if (same_session && static_cast<int32_t>(answers.sequence - last_infer_.sequence) < 0) return;
    last_infer_ = answers;
    std::copy(window.begin(), window.end(), buffers_.last_window_.get());
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

void Console::answer(const Incoming& incoming, const LoopbackRequest& request) {
    Loopback message;
    message.data = request.data;
    session_.reply(incoming, message);
}

// The answer is the last that is sent at the rate of before.
void Console::answer(const Incoming& incoming, const RateRequest& request) {
    if (request.baud < rate_.boot_baud() || request.baud > device_.max_baud()) {
        Sentence detail;
        detail << "baud=" << request.baud << ": expected " << rate_.boot_baud() << " to "
               << device_.max_baud();
        return session_.reply(incoming, Error(ErrorCode::kUnsupported, detail));
    }
    Rate message;
    message.baud = request.baud;
    session_.reply(incoming, message);
    sink_.set_baud(request.baud);
    rate_.changed(request.baud);
}

void Console::answer(const Incoming& incoming, const StoreRequest& request) {
    Sentence problem;
    Kept message;
    const auto have = kept_.open(request, problem);
    message.have = have.value_or(0);
    reply(incoming, have ? std::nullopt : bad_request(problem), message);
}

void Console::answer(const Incoming& incoming, const KeepRequest& request) {
    Sentence problem;
    Kept message;
    message.kind_name = "keep";
    const auto have = kept_.keep(request, buffers_.unpacked_.get(), kDataBytes, problem);
    message.have = have.value_or(0);
    reply(incoming, have ? std::nullopt : bad_request(problem), message);
}

}  // namespace tinygate
