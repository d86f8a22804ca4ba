// Every reply, with its fields in the order of docs/protocol.md, section 4. Twin of the replies in
// messages.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/line_writer.hpp"
#include "tinygate/list.hpp"
#include "tinygate/text.hpp"
#include "tinygate/preprocessor.h"

namespace tinygate {

enum class ErrorCode {
    kBadFrame,
    kBadCrc,
    kTooLarge,
    kNoCredit,
    kBadSequence,
    kLost,
    kWrongNonce,
    kUnknownKind,
    kBadRequest,
    kUnsupported,
    kNoModel,
    kSchema,
    kUnknownOperator,
    kArenaTooSmall,
    kInvokeFailed,
    kInternal,
};

const char* name(ErrorCode code);

// A reply; text and lists belong to others and live until it was sent.
class Reply {
 public:
    virtual const char* kind() const = 0;
    virtual void write(FieldWriter& out) const = 0;

 protected:
    ~Reply() = default;
};

struct Tensor {
    const char* dtype = "";
    List<uint32_t> shape;  // none for a scalar
    float scale = 0;
    int32_t zero_point = 0;
    uint32_t bytes = 0;
};

struct Hello final : Reply {
    std::string_view app_version;
    std::string_view app_sha256;
    std::string_view model_sha256;
    uint32_t model_bytes = 0;
    std::string_view model_status;
    std::string_view target;
    std::string_view chip_revision;
    std::string_view chip_id;
    uint32_t cores = 0;
    uint32_t cpu_mhz = 0;
    uint32_t flash_mhz = 0;
    std::string_view flash_mode;
    uint32_t flash_bytes = 0;
    uint32_t external_ram_mhz = 0;
    uint32_t external_ram_bytes = 0;
    std::string_view optimization;
    std::string_view kernels;
    std::string_view arena_placement;
    uint32_t arena_configured_bytes = 0;
    std::string_view sdk;
    std::string_view tflm_version;
    std::string_view reset_reason;
    uint64_t uptime_us = 0;
    std::string_view emulated;
    std::string_view timing;
    uint32_t rx_line_bytes = 0;
    uint32_t rx_window_bytes = 0;
    uint32_t data_bytes = 0;   // most that one request may carry, unpacked
    uint32_t baud = 115200;    // of the line after boot
    uint32_t max_baud = 0;     // 0 if the line has one rate
    uint32_t store_bytes = 0;  // room for a test set
    List<Tensor> inputs;  // both are there exactly if model_status is ok
    List<Tensor> outputs;
    const tinygate_preprocessor_t* preprocessor = nullptr;  // null if raw windows mean nothing to the app

    const char* kind() const override { return "hello"; }
    void write(FieldWriter& out) const override;
};

struct Bench final : Reply {
    uint32_t warmup = 0;
    uint32_t invocations = 0;
    uint32_t input_crc32 = 0;
    std::optional<uint32_t> empty_cycles;
    List<uint32_t> cycles;
    List<uint32_t> latency_us;
    bool is_application_running = false;
    // An extension: cycles of an emulated core, good for ratios between builds and never a latency.
    std::optional<uint32_t> emulated_empty_cycles;
    List<uint32_t> emulated_cycles;

    const char* kind() const override { return "bench"; }
    void write(FieldWriter& out) const override;
};

struct Arena final : Reply {
    uint32_t used_bytes = 0;
    uint32_t configured_bytes = 0;
    uint32_t pointer_bits = 8 * sizeof(void*);

    const char* kind() const override { return "arena"; }
    void write(FieldWriter& out) const override;
};

struct Infer final : Reply {
    uint32_t first = 0;
    uint32_t count = 0;
    std::optional<uint32_t> input_crc32;  // of kept windows
    std::string_view data;

    const char* kind() const override { return "infer"; }
    void write(FieldWriter& out) const override;
};

// Of each window its outputs, then the CRC-32 of its inputs, or these themselves.
struct InferRaw final : Reply {
    Infer windows;

    const char* kind() const override { return "infer_raw"; }
    void write(FieldWriter& out) const override { windows.write(out); }
};

struct Profile final : Reply {
    List<const char*> operators;
    List<uint32_t> ticks;

    const char* kind() const override { return "profile"; }
    void write(FieldWriter& out) const override;
};

struct Health final : Reply {
    uint64_t uptime_us = 0;
    uint32_t stack_bytes = 0;
    uint32_t stack_min_free_bytes = 0;
    uint32_t heap_free_bytes = 0;
    uint32_t heap_min_free_bytes = 0;
    uint32_t heap_largest_free_bytes = 0;
    uint32_t rejected_records = 0;
    uint32_t receive_overflows = 0;
    std::optional<uint32_t> heap_total_bytes;
    std::optional<uint32_t> own_heap_bytes;
    List<const char*> tasks;
    List<uint32_t> task_stack_free_bytes;

    const char* kind() const override { return "health"; }
    void write(FieldWriter& out) const override;
};

struct Layout final : Reply {
    List<const char*> names;
    List<uint32_t> sizes;
    List<uint32_t> alignments;

    const char* kind() const override { return "layout"; }
    void write(FieldWriter& out) const override;
};

struct Restart final : Reply {
    const char* kind() const override { return "restart"; }
    void write(FieldWriter&) const override {}
};

// How many bytes of a test set are kept.
struct Kept final : Reply {
    const char* kind_name = "store";
    uint32_t have = 0;

    const char* kind() const override { return kind_name; }
    void write(FieldWriter& out) const override;
};

struct Loopback final : Reply {
    std::string_view data;

    const char* kind() const override { return "loopback"; }
    void write(FieldWriter& out) const override;
};

struct Rate final : Reply {
    uint32_t baud = 0;

    const char* kind() const override { return "rate"; }
    void write(FieldWriter& out) const override;
};

struct Error final : Reply {
    ErrorCode code;
    Sentence detail;

    Error(ErrorCode error_code, Sentence sentence) : code(error_code), detail(sentence) {}

    const char* kind() const override { return "error"; }
    void write(FieldWriter& out) const override;
};

}  // namespace tinygate
