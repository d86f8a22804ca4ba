// The device of the protocol's vectors: of 4 input bytes the first two come out, the second plus the number
// of windows since the last reset; no clock. Of 6 raw bytes the input is the first four, plus the settings.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tinygate/console.hpp"

namespace tinygate {

class EchoDevice final : public Device {
 public:
    static constexpr uint32_t kInputBytes = 4;
    static constexpr uint32_t kOutputBytes = 2;
    static constexpr uint32_t kRawBytes = 6;

    EchoDevice(uint32_t rx_line_bytes, uint32_t rx_window_bytes)
        : rx_line_bytes_(rx_line_bytes), rx_window_bytes_(rx_window_bytes) {}

    Hello hello() override {
        Hello hello;
        hello.app_version = "0.1.0";
        hello.app_sha256 = std::string_view(kDigest);
        hello.model_sha256 = std::string_view(kDigest);
        hello.model_status = "ok";
        hello.target = "esp32";
        hello.chip_revision = "3.1";
        hello.chip_id = "24:6f:28:00:00:01";
        hello.flash_mode = "dio";
        hello.optimization = "O2";
        hello.kernels = "esp-nn 1.2.3";
        hello.arena_placement = "internal";
        hello.sdk = "ESP-IDF v5.1.7";
        hello.tflm_version = "esp-tflite-micro 1.4.0";
        hello.reset_reason = "poweron";
        hello.emulated = "virtual";
        hello.timing = "none";
        hello.rx_line_bytes = rx_line_bytes_;
        hello.rx_window_bytes = rx_window_bytes_;
        hello.inputs = {&kInput, 1};
        hello.outputs = {&kOutput, 1};
        hello.preprocessor = &kPreprocessor;
        return hello;
    }

    Health health() override { return {}; }
    Layout layout() override { return {}; }
    Refusal unusable() override { return std::nullopt; }
    size_t window_bytes() override { return kInputBytes; }
    size_t result_bytes() override { return kOutputBytes; }

    List<Tensor> inputs() override { return {&kInput, 1}; }
    const tinygate_preprocessor_t* preprocessor() override { return &kPreprocessor; }

    Arena arena() override {
        Arena arena;
        arena.used_bytes = 700;
        arena.configured_bytes = 1024;
        arena.pointer_bits = 32;
        return arena;
    }

    Refusal reset() override {
        since_reset_ = 0;
        return std::nullopt;
    }

    Refusal invoke(std::string_view window, char* result) override {
        std::copy_n(window.begin(), kOutputBytes, result);
        result[1] = static_cast<char>(result[1] + since_reset_++);
        return std::nullopt;
    }

    // As many samples as asked for, so that long replies in parts are made too.
    Refusal bench(const BenchRequest& request, std::string_view, Bench& reply) override {
        if (request.is_application_running) return Error(ErrorCode::kUnsupported, "no application around the model");
        if (!samples_wanted) return std::nullopt;
        samples_.assign(std::min<uint32_t>(request.invocations, 5000), 1234567);
        reply.cycles = {samples_.data(), samples_.size()};
        return std::nullopt;
    }

    Refusal profile(std::string_view, Profile&) override {
        return Error(ErrorCode::kUnsupported, "no profiler");
    }
    Refusal prepare_restart(const RestartRequest&) override {
        return Error(ErrorCode::kUnsupported, "stays up");
    }

    bool samples_wanted = false;

 private:
    static constexpr char kDigest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static constexpr uint32_t kInputShape[] = {1, kInputBytes};
    static constexpr uint32_t kOutputShape[] = {1, kOutputBytes};
    static constexpr Tensor kInput = {"int8", {kInputShape, 2}, 0.5f, -128, kInputBytes};
    static constexpr Tensor kOutput = {"int8", {kOutputShape, 2}, 0.00390625f, -128, kOutputBytes};

    // The first four of six raw bytes, each plus the settings' word.
    static void preprocess(const void* raw, uint32_t settings, void* input) {
        for (size_t i = 0; i < kInputBytes; ++i) {
            const auto byte = static_cast<const uint8_t*>(raw)[i];
            static_cast<uint8_t*>(input)[i] = static_cast<uint8_t>(byte + settings);
        }
    }

    static constexpr tinygate_preprocessor_t kPreprocessor = {
        "four of six", "int8", 3, 2, kRawBytes, kInputBytes, preprocess};

    uint32_t rx_line_bytes_;
    uint32_t rx_window_bytes_;
    std::vector<uint32_t> samples_;
    unsigned since_reset_ = 0;
};

// Flash in memory.
class KeptBytes final : public StoreMemory {
 public:
    size_t size() const override { return bytes_.size(); }
    const char* bytes() const override { return bytes_.data(); }
    bool erase(size_t sector) override {
        if ((sector + 1) * kSectorBytes > bytes_.size()) return false;
        std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(sector * kSectorBytes), kSectorBytes, '\xff');
        return true;
    }
    bool program(size_t offset, std::string_view data) override {
        if (offset + data.size() > bytes_.size()) return false;
        for (size_t i = 0; i < data.size(); ++i) bytes_[offset + i] = static_cast<char>(bytes_[offset + i] & data[i]);
        return true;
    }

 private:
    std::vector<char> bytes_ = std::vector<char>(16 * kSectorBytes, '\xff');
};

class KeptLines final : public LineSink {
 public:
    void send(std::string_view line) override { text += line; }

    std::string take() {
        std::string taken;
        taken.swap(text);
        return taken;
    }

    std::string text;
};

}  // namespace tinygate
