#include "tinygate/init_probe.hpp"

#include <cstdint>
#include <cstdlib>

#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace tinygate {
namespace {

// Counts what is asked for and lends a piece of memory in place of the arena. Kernels of builtin operators ask once,
// and fill in little: nothing else is called.
class CountingContext final : public tflite::MicroContext {
 public:
    void* AllocatePersistentBuffer(size_t bytes) override {
        bytes_ += bytes;
        return lent_;
    }
    size_t bytes() const { return bytes_; }

    TfLiteStatus RequestScratchBufferInArena(size_t, int*) override { return kTfLiteError; }
    void* GetScratchBuffer(int) override { return nullptr; }
    TfLiteTensor* AllocateTempTfLiteTensor(int) override { return nullptr; }
    void DeallocateTempTfLiteTensor(TfLiteTensor*) override {}
    uint8_t* AllocateTempBuffer(size_t, size_t) override { return nullptr; }
    void DeallocateTempBuffer(uint8_t*) override {}
    TfLiteEvalTensor* GetEvalTensor(int) override { return nullptr; }
    TfLiteStatus set_external_context(void*) override { return kTfLiteError; }
    void* external_context() override { return nullptr; }
    tflite::MicroGraph& graph() override { std::abort(); }

 private:
    TF_LITE_REMOVE_VIRTUAL_DELETE  // as TFLM's own contexts: never on the heap
    static constexpr size_t kLentBytes = 1024;
    alignas(16) static uint8_t lent_[kLentBytes];
    size_t bytes_ = 0;
};

alignas(16) uint8_t CountingContext::lent_[kLentBytes];

}  // namespace

size_t init_bytes(const TFLMRegistration& registration) {
    CountingContext counter;
    TfLiteContext context{};
    context.impl_ = &counter;
    context.AllocatePersistentBuffer = [](TfLiteContext* asking, size_t bytes) {
        return tflite::GetMicroContext(asking)->AllocatePersistentBuffer(bytes);
    };
    registration.init(&context, nullptr, 0);
    return counter.bytes();
}

}  // namespace tinygate
