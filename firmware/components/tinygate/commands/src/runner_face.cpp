#include "tinygate/runner_face.hpp"

#include <cmath>
#include <cstring>
#include <optional>

namespace tinygate {
namespace {

constexpr const char* kProfile = "ULPMark for tinyML Firmware V0.0.1";
constexpr uint32_t kMostInvocations = 1'000'000;

std::string_view next_word(std::string_view& rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The value of an output's element.
float real_value(const char* bytes, size_t index, const Tensor& tensor) {
    const std::string_view dtype = tensor.dtype;
    float value = 0;
    if (dtype == "float32") {
        std::memcpy(&value, bytes + index * sizeof value, sizeof value);
        return value;
    }
    int32_t code = 0;
    if (dtype == "int16") {
        int16_t narrow = 0;
        std::memcpy(&narrow, bytes + index * sizeof narrow, sizeof narrow);
        code = narrow;
    } else {
        code = dtype == "uint8" ? static_cast<unsigned char>(bytes[index])
                                : static_cast<signed char>(bytes[index]);
    }
    return tensor.scale == 0 ? static_cast<float>(code)
                             : tensor.scale * static_cast<float>(code - tensor.zero_point);
}

// With three decimals, as printf's %.3f rounds: the product is exact, and a half goes to the even neighbour.
void put_real(Sentence& line, float value) {
    const double thousandths = std::nearbyint(std::fabs(static_cast<double>(value)) * 1000);
    const auto whole = static_cast<uint64_t>(std::fmin(thousandths, 9e15));
    if (value < 0 && whole > 0) line << "-";
    line << whole / 1000 << ".";
    for (uint64_t unit = 100; unit > 0; unit /= 10) line << whole / unit % 10;
}

}  // namespace

void RunnerFace::push(char byte) {
    if (byte == '\r' || byte == '\n') return forget();
    if (byte != '%') {
        if (size_ < kLongest) command_[size_++] = byte;
        return;
    }
    const std::string_view command(command_.data(), size_);
    forget();
    carry_out(command);
    sink_.send("m-ready\r\n");
}

void RunnerFace::carry_out(std::string_view command) {
    std::string_view rest = command;
    const std::string_view word = next_word(rest);
    if (word == "name") return sink_.send("m-name-dut-[tinygate]\r\n");
    if (word == "timestamp") return tell_time();
    if (word == "profile")
        return say(Sentence("m-profile-[") << kProfile << "]\r\nm-model-[" << model_ << "]\r\n");
    if (word == "results") return tell_results();
    if (word == "infer") return infer(rest);
    if (word != "db") return say(Sentence("e-[Unknown command: ") << word << "]\r\n");
    const std::string_view what = next_word(rest);
    what == "load" ? load(rest) : take(what);
}

void RunnerFace::load(std::string_view rest) {
    const auto size = parse_decimal(next_word(rest), UINT32_MAX);
    const size_t wanted = device_.unusable() ? 0 : device_.window_bytes();
    loaded_ = expected_ = 0;
    if (size != wanted || wanted == 0) {
        return say(Sentence("e-[This model takes ") << wanted << " bytes]\r\n");
    }
    expected_ = wanted;
    say(Sentence("m-[Expecting ") << wanted << " bytes]\r\n");
}

void RunnerFace::take(std::string_view digits) {
    for (size_t i = 0; i + 1 < digits.size() && loaded_ < expected_; i += 2) {
        const int high = hex_value(digits[i]);
        const int low = hex_value(digits[i + 1]);
        if (high < 0 || low < 0) return sink_.send("e-[Invalid hex digit]\r\n");
        buffer_[loaded_++] = static_cast<char>(high << 4 | low);
        if (loaded_ == expected_) sink_.send("m-load-done\r\n");
    }
}

void RunnerFace::infer(std::string_view rest) {
    const auto count = parse_decimal(next_word(rest), kMostInvocations);
    const std::string_view second = next_word(rest);
    const auto warmup =
        second.empty() ? std::optional<uint64_t>(10) : parse_decimal(second, kMostInvocations);
    if (!count || *count == 0 || !warmup) return sink_.send("e-[Expected infer N W, N above 0]\r\n");
    if (loaded_ == 0 || loaded_ < expected_) return sink_.send("e-[No input was loaded]\r\n");
    say(Sentence("m-warmup-start-") << *warmup << "\r\n");
    bool done = !device_.reset() && invoke(static_cast<uint32_t>(*warmup));
    say(Sentence("m-warmup-done\r\nm-infer-start-") << *count << "\r\n");
    tell_time();
    done = done && invoke(static_cast<uint32_t>(*count));
    tell_time();
    sink_.send(done ? "m-infer-done\r\n" : "e-[The interpreter returned an error]\r\n");
    if (done) tell_results();
}

bool RunnerFace::invoke(uint32_t count) {
    for (; count > 0; --count) {
        if (device_.invoke({buffer_, device_.window_bytes()}, results_)) return false;
    }
    return true;
}

void RunnerFace::tell_time() {
    say(Sentence("m-lap-us-") << device_.health().uptime_us << "\r\n");
}

// All outputs, in pieces, since a sentence is short.
void RunnerFace::tell_results() {
    if (device_.unusable() || loaded_ == 0) return sink_.send("e-[No input was loaded]\r\n");
    const char* from = results_;
    const char* separator = "m-results-[";
    const Hello hello = device_.hello();
    for (const Tensor& tensor : hello.outputs) {
        size_t count = 1;
        for (const uint32_t size : tensor.shape) count *= size;
        for (size_t i = 0; i < count; ++i) {
            Sentence line(separator);
            put_real(line, real_value(from, i, tensor));
            say(line);
            separator = ",";
        }
        from += tensor.bytes;
    }
    sink_.send("]\r\n");
}

}  // namespace tinygate
