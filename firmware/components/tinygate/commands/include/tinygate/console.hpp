// Answers requests for a device: bytes in, lines out. Takes all its memory when it is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "tinygate/device.hpp"
#include "tinygate/line_rate.hpp"
#include "tinygate/raw_inference.hpp"
#include "tinygate/runner_face.hpp"
#include "tinygate/session.hpp"
#include "tinygate/test_set.hpp"
#include "tinygate/window_assembly.hpp"

namespace tinygate {

class Console {
 public:
    // Memory whose size depends on the model and on the limits that hello announces.
    class Buffers {
     public:
        // For windows of 0 bytes if the model cannot be used, and raw ones of 0 without a preprocessor.
        Buffers(size_t rx_line_bytes, size_t window_bytes, size_t result_bytes, size_t raw_bytes);

        bool complete() const;  // false if there was not enough memory

     private:
        friend class Console;
        using Block = std::unique_ptr<char[]>;

        size_t rx_line_bytes_;
        size_t results_bytes_;
        Block line_;
        Block data_;
        Block log_;
        Block piece_;
        Block last_window_;
        Block results_;
        Block unpacked_;
        Block raw_piece_;
    };

    // `store` keeps a test set, if there is one.
    Console(Device& device, LineSink& sink, Ident boot_id, Buffers& buffers, StoreMemory* store = nullptr);

    // Answers MLPerf Tiny's public runner too, which calls the model by this name.
    void show_runner_face(std::string_view model);

    // Says unasked that the device has booted.
    void announce();

    // Takes received bytes and answers the requests that they complete.
    void receive(std::string_view bytes);

    // Tells that received bytes were lost because nobody took them in time.
    void overflowed();

    // Tells the time, of any origin: a line that was left at another rate returns to that of the boot.
    void tick(uint64_t now_us);

    bool restart_requested() const { return restart_requested_; }

 private:
    void carry_out(const Incoming& incoming);
    Device::Refusal infer(const Incoming& incoming, const InferRequest& request, Infer& reply);
    Device::Refusal infer_raw(const Incoming& incoming, const InferRawRequest& request, Infer& reply);
    Device::Refusal unpack_windows(InferRequest& request, size_t window_bytes);
    Device::Refusal infer_windows(std::string_view windows, const Incoming& incoming, const InferRequest& request);
    Device::Refusal infer_kept(const Incoming& incoming, const InferRequest& request, Infer& reply);
    Device::Refusal invoke(std::string_view window, size_t index, const InferRequest& request);
    Device::Refusal too_many(size_t count);
    Device::Refusal bad_request(const Sentence& problem) { return Error(ErrorCode::kBadRequest, problem); }
    void keep_last_window(std::string_view window, const Answers& answers);
    Device::Refusal bench(const BenchRequest& request, Bench& reply);
    Device::Refusal profile(Profile& reply);

    void answer(const Incoming& incoming, const HelloRequest&);
    void answer(const Incoming& incoming, const BenchRequest& request);
    void answer(const Incoming& incoming, const ArenaRequest&);
    void answer(const Incoming& incoming, const InferRequest& request);
    void answer(const Incoming& incoming, const InferRawRequest& request);
    void answer(const Incoming& incoming, const ProfileRequest&);
    void answer(const Incoming& incoming, const HealthRequest&);
    void answer(const Incoming& incoming, const LayoutRequest&);
    void answer(const Incoming& incoming, const RestartRequest& request);
    void answer(const Incoming& incoming, const LoopbackRequest& request);
    void answer(const Incoming& incoming, const RateRequest& request);
    void answer(const Incoming& incoming, const StoreRequest& request);
    void answer(const Incoming& incoming, const KeepRequest& request);
    void reply(const Incoming& incoming, const Device::Refusal& refusal, const Reply& message);
    std::string_view last_window();

    Device& device_;
    LineSink& sink_;
    Buffers& buffers_;
    Session session_;
    WindowAssembly assembly_;
    LineRate rate_;
    TestSet kept_;
    RawInference raw_inference_;
    std::optional<RunnerFace> face_;
    Answers last_infer_{};  // whose last window is the one to bench with
    uint32_t overflows_ = 0;
    bool restart_requested_ = false;
};

}  // namespace tinygate
