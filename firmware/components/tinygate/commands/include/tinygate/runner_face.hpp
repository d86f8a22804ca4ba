// A second face: the text protocol of MLPerf Tiny's public runner, so that it reads its own figures from this
// firmware. Commands end with '%', answers with "m-ready". Twin of virtual/runner_face.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tinygate/device.hpp"
#include "tinygate/envelope.hpp"

namespace tinygate {

class RunnerFace {
 public:
    // `model` is what the runner calls the model (`ic01`, …); `buffer` holds a window, `results` its outputs.
    RunnerFace(Device& device, LineSink& sink, std::string_view model, char* buffer, char* results)
        : device_(device), sink_(sink), model_(model), buffer_(buffer), results_(results) {}

    void announce() { sink_.send("m-init-done\r\nm-ready\r\n"); }

    // Takes a byte that belongs to no record; carries a command out at its end.
    void push(char byte);
    // What came is part of no command.
    void forget() { size_ = 0; }

 private:
    static constexpr size_t kLongest = 80;

    void carry_out(std::string_view command);
    void load(std::string_view rest);
    void take(std::string_view digits);
    void infer(std::string_view rest);
    bool invoke(uint32_t count);
    void tell_time();
    void tell_results();
    void say(const Sentence& line) { sink_.send(line.view()); }

    Device& device_;
    LineSink& sink_;
    std::string_view model_;
    char* buffer_;
    char* results_;
    std::array<char, kLongest> command_{};
    size_t size_ = 0;
    size_t expected_ = 0;
    size_t loaded_ = 0;
};

}  // namespace tinygate
