#include "tinygate/replies.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kProtocolVersion = 3;

void write_identity(FieldWriter& out, const Hello& hello) {
    out.number("protocol", kProtocolVersion);
    out.text("app", "tinygate");
    out.text("app_version", hello.app_version);
    out.text("app_sha256", hello.app_sha256);
    out.text("model_sha256", hello.model_sha256);
    out.number("model_bytes", hello.model_bytes);
    out.text("model_status", hello.model_status);
    out.text("target", hello.target);
    out.text("chip_revision", hello.chip_revision);
    out.text("chip_id", hello.chip_id);
}

void write_configuration(FieldWriter& out, const Hello& hello) {
    out.number("cores", hello.cores);
    out.number("cpu_mhz", hello.cpu_mhz);
    out.number("flash_mhz", hello.flash_mhz);
    out.text("flash_mode", hello.flash_mode);
    out.number("flash_bytes", hello.flash_bytes);
    out.number("external_ram_mhz", hello.external_ram_mhz);
    out.number("external_ram_bytes", hello.external_ram_bytes);
    out.text("optimization", hello.optimization);
    out.text("kernels", hello.kernels);
    out.text("arena_placement", hello.arena_placement);
    out.number("arena_configured_bytes", hello.arena_configured_bytes);
    out.text("sdk", hello.sdk);
    out.text("tflm_version", hello.tflm_version);
}

void write_state(FieldWriter& out, const Hello& hello) {
    out.text("reset_reason", hello.reset_reason);
    out.number("uptime_us", hello.uptime_us);
    out.text("emulated", hello.emulated);
    out.text("timing", hello.timing);
    out.number("rx_line_bytes", hello.rx_line_bytes);
    out.number("rx_window_bytes", hello.rx_window_bytes);
    out.number("data_bytes", hello.data_bytes);
    out.number("baud", hello.baud);
    out.number("max_baud", hello.max_baud);
    out.number("store_bytes", hello.store_bytes);
}

void write_preprocessor(FieldWriter& out, const tinygate_preprocessor_t& preprocessor) {
    out.text("preprocessing", preprocessor.name);
    out.text("raw_dtype", preprocessor.raw_dtype);
    out.number("raw_samples", preprocessor.raw_samples);
    out.number("raw_axes", preprocessor.raw_axes);
    out.number("raw_bytes", preprocessor.raw_bytes);
}

struct TensorKeys {
    const char* dtypes;
    const char* shapes;
    const char* scales;
    const char* zero_points;
    const char* bytes;
};

constexpr TensorKeys kInputs = {"input_dtypes", "input_shapes", "input_scales", "input_zero_points",
                                "input_bytes"};
constexpr TensorKeys kOutputs = {"output_dtypes", "output_shapes", "output_scales", "output_zero_points",
                                 "output_bytes"};

void write_shape(LineWriter& line, List<uint32_t> shape) {
    if (shape.empty()) line.value("scalar");
    for (size_t i = 0; i < shape.size; ++i) {
        if (i > 0) line.value("x");
        line.value(Digits::decimal(shape[i]).view());
    }
}

void write_tensors(FieldWriter& out, const TensorKeys& keys, List<Tensor> tensors) {
    out.list(keys.dtypes, tensors, [](LineWriter& line, const Tensor& t) { line.value(t.dtype); });
    out.list(keys.shapes, tensors, [](LineWriter& line, const Tensor& t) { write_shape(line, t.shape); });
    out.list(keys.scales, tensors,
             [](LineWriter& line, const Tensor& t) { line.value(Digits::float_bits(t.scale).view()); });
    out.list(keys.zero_points, tensors, [](LineWriter& line, const Tensor& t) {
        line.value(Digits::decimal_signed(t.zero_point).view());
    });
    out.list(keys.bytes, tensors,
             [](LineWriter& line, const Tensor& t) { line.value(Digits::decimal(t.bytes).view()); });
}

}  // namespace

const char* name(ErrorCode code) {
    switch (code) {
        case ErrorCode::kBadFrame:
            return "bad_frame";
        case ErrorCode::kBadCrc:
            return "bad_crc";
        case ErrorCode::kTooLarge:
            return "too_large";
        case ErrorCode::kNoCredit:
            return "no_credit";
        case ErrorCode::kBadSequence:
            return "bad_sequence";
        case ErrorCode::kLost:
            return "lost";
        case ErrorCode::kWrongNonce:
            return "wrong_nonce";
        case ErrorCode::kUnknownKind:
            return "unknown_kind";
        case ErrorCode::kBadRequest:
            return "bad_request";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kNoModel:
            return "no_model";
        case ErrorCode::kSchema:
            return "schema";
        case ErrorCode::kUnknownOperator:
            return "unknown_operator";
        case ErrorCode::kArenaTooSmall:
            return "arena_too_small";
        case ErrorCode::kInvokeFailed:
            return "invoke_failed";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

void Hello::write(FieldWriter& out) const {
    write_identity(out, *this);
    write_configuration(out, *this);
    write_state(out, *this);
    if (preprocessor != nullptr) write_preprocessor(out, *preprocessor);
    write_tensors(out, kInputs, inputs);
    write_tensors(out, kOutputs, outputs);
}

void Bench::write(FieldWriter& out) const {
    out.number("warmup", warmup);
    out.number("invocations", invocations);
    out.hex32("input_crc32", input_crc32);
    if (empty_cycles) out.number("empty_cycles", *empty_cycles);
    out.numbers("cycles", cycles);
    out.numbers("latency_us", latency_us);
    if (is_application_running) out.text("application", "running");
    if (emulated_empty_cycles) out.number("x_emulated_empty_cycles", *emulated_empty_cycles);
    out.numbers("x_emulated_cycles", emulated_cycles);
}

void Arena::write(FieldWriter& out) const {
    out.number("used_bytes", used_bytes);
    out.number("configured_bytes", configured_bytes);
    out.number("pointer_bits", pointer_bits);
}

void Infer::write(FieldWriter& out) const {
    out.number("first", first);
    out.number("count", count);
    if (input_crc32) out.hex32("input_crc32", *input_crc32);
    out.data("data", data);
}

void Profile::write(FieldWriter& out) const {
    out.names("operators", operators);
    out.numbers("ticks", ticks);
}

void Health::write(FieldWriter& out) const {
    out.number("uptime_us", uptime_us);
    out.number("stack_bytes", stack_bytes);
    out.number("stack_min_free_bytes", stack_min_free_bytes);
    out.number("heap_free_bytes", heap_free_bytes);
    out.number("heap_min_free_bytes", heap_min_free_bytes);
    out.number("heap_largest_free_bytes", heap_largest_free_bytes);
    out.number("rejected_records", rejected_records);
    out.number("receive_overflows", receive_overflows);
    if (heap_total_bytes) out.number("heap_total_bytes", *heap_total_bytes);
    if (own_heap_bytes) out.number("own_heap_bytes", *own_heap_bytes);
    out.names("tasks", tasks);
    out.numbers("task_stack_free_bytes", task_stack_free_bytes);
}

void Layout::write(FieldWriter& out) const {
    out.names("names", names);
    out.numbers("sizes", sizes);
    out.numbers("alignments", alignments);
}

void Kept::write(FieldWriter& out) const {
    out.number("have", have);
}

void Loopback::write(FieldWriter& out) const {
    out.data("data", data);
}

void Rate::write(FieldWriter& out) const {
    out.number("baud", baud);
}

void Error::write(FieldWriter& out) const {
    out.text("code", name(code));
    out.text("detail", detail.view());
}

}  // namespace tinygate
