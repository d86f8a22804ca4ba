// The model behind TensorFlow Lite for Microcontrollers: checked, loaded, invoked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tinygate/arena_memory.hpp"
#include "tinygate/list.hpp"
#include "tinygate/replies.hpp"

namespace tinygate {

class Engine {
 public:
    // All of it outlives the engine; `operators` is null if they could not be registered.
    Engine(List<uint8_t> model, const tflite::MicroOpResolver* operators, const ArenaMemory& arena);

    // Why the model cannot be invoked. What follows is for engines without a problem.
    const std::optional<Error>& problem() const { return problem_; }

    Tensor input() const;
    Tensor output() const;
    size_t arena_used_bytes() const { return interpreter_->arena_used_bytes(); }

    void set_input(std::string_view window);
    bool invoke() { return interpreter_->Invoke() == kTfLiteOk; }
    void get_output(char* output) const;

    // Loads the model anew, with every invocation watched by `profiler` until it is loaded without one: a
    // profiler that only looks away would still cost cycles in each operator.
    bool load(tflite::MicroProfilerInterface* profiler);

 private:
    static constexpr size_t kMaxDimensions = 8;
    using Shape = std::array<uint32_t, kMaxDimensions>;

    std::optional<Error> check_file(List<uint8_t> bytes) const;
    std::optional<Error> check_operators(const tflite::MicroOpResolver* operators) const;
    std::optional<Error> check_interface();
    std::optional<Error> start(List<uint8_t> bytes, const tflite::MicroOpResolver* operators);

    const tflite::Model* model_ = nullptr;
    const tflite::MicroOpResolver* operators_;
    const ArenaMemory& arena_;
    std::optional<tflite::MicroInterpreter> interpreter_;
    TfLiteTensor* input_ = nullptr;
    TfLiteTensor* output_ = nullptr;
    Shape input_shape_{};
    Shape output_shape_{};
    std::optional<Error> problem_;
};

}  // namespace tinygate
