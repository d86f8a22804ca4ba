// A chip with a model, as the console sees it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "tinygate/arena_memory.hpp"
#include "tinygate/device.hpp"
#include "tinygate/engine.hpp"
#include "tinygate/identity.hpp"
#include "tinygate/model.hpp"
#include "tinygate/profiler.hpp"
#include "tinygate/runner.hpp"

namespace tinygate {

// What sets the application around the model going, or idle; null where there is nothing to set going.
struct Application {
    void (*run)(bool running, void* context) = nullptr;
    void* context = nullptr;
};

class ChipDevice final : public Device {
 public:
    static constexpr uint32_t kRxLineBytes = 2048;
    static constexpr uint32_t kRxWindowBytes = 8192;

    ChipDevice(const Identity& identity, const Model& model, const ArenaMemory& arena, uint32_t stack_bytes,
               const Application& application = {});

    Hello hello() override;
    Health health() override;
    Layout layout() override;
    Refusal unusable() override { return problem_; }
    size_t window_bytes() override { return engine_.window_bytes(); }
    size_t result_bytes() override { return engine_.result_bytes(); }
    const tinygate_preprocessor_t* preprocessor() override { return model_.preprocessor; }
    size_t raw_bytes() const { return model_.preprocessor != nullptr ? model_.preprocessor->raw_bytes : 0; }
    Arena arena() override;
    Refusal reset() override;
    Refusal invoke(std::string_view window, char* result) override;
    Refusal bench(const BenchRequest& request, std::string_view window, Bench& reply) override;
    Refusal profile(std::string_view window, Profile& reply) override;
    List<Tensor> inputs() override { return engine_.inputs(); }
    uint32_t boot_baud() override;
    uint32_t max_baud() override;
    Refusal prepare_restart(const RestartRequest& request) override;

    // From now on the model cannot be used.
    void give_up(const Error& problem) { problem_ = problem; }

    // What answering took of the heap, without the arena.
    void note_own_heap(uint32_t bytes) { own_heap_bytes_ = bytes; }

 private:
    std::string_view model_sha256() const { return {model_sha256_.data(), model_sha256_.size()}; }
    bool model_is_intact() const;

    const Identity& identity_;
    Model model_;
    const ArenaMemory& arena_;
    uint32_t stack_bytes_;
    Application application_;
    std::optional<uint32_t> own_heap_bytes_;
    std::array<char, 64> model_sha256_{};
    Engine engine_;
    Runner runner_;
    Profiler profiler_;
    Refusal problem_;
};

}  // namespace tinygate
