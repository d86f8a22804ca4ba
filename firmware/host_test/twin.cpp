// Lets Python drive the C++ side. Each line of standard input is a command, answered by lines and a line
// "end":
//   decode <limit> <hex>                  the events in the bytes
//   talk <boot id> <rx_line_bytes> <hex>… what a console sends for each piece of bytes, as hex
//   bench <samples>                       the lines of a reply too long for one line, as hex
//   hello <tensors>                       the lines of a hello with so many inputs, and one output, as hex
//   runner <hex>…                         what a console answers to MLPerf Tiny's runner, as hex
//   overflow                              what a console sends when received bytes were lost, as hex
//   cobs <hex>                            stuffed, and what comes back, as hex
//   sha256 <hex>  ·  crc32 <hex>  ·  base64 <hex>
#include <iostream>
#include <sstream>

#include "echo_device.hpp"
#include "flat.hpp"
#include "tinygate/base64.hpp"
#include "tinygate/cobs.hpp"
#include "tinygate/crc32.hpp"
#include "tinygate/sha256.hpp"

namespace tinygate {
namespace {

void talk(std::istringstream& arguments) {
    std::string boot_id;
    uint32_t rx_line_bytes = 0;
    arguments >> boot_id >> rx_line_bytes;
    EchoDevice device(rx_line_bytes, 4 * rx_line_bytes);
    KeptLines lines;
    Console::Buffers buffers(rx_line_bytes, device.window_bytes(), device.result_bytes(), EchoDevice::kRawBytes);
    KeptBytes store;
    Console console(device, lines, Ident(boot_id), buffers, &store);
    for (std::string hex; arguments >> hex;) {
        console.receive(from_hex(hex));
        std::cout << to_hex(lines.take()) << "\n";
    }
}

void run(std::istringstream& arguments) {
    EchoDevice device(512, 2048);
    KeptLines lines;
    Console::Buffers buffers(512, device.window_bytes(), device.result_bytes(), EchoDevice::kRawBytes);
    Console console(device, lines, Ident("0badcafe"), buffers);
    console.show_runner_face("ic01");
    for (std::string hex; arguments >> hex;) {
        console.receive(from_hex(hex));
        std::cout << to_hex(lines.take()) << "\n";
    }
}

void overflow() {
    EchoDevice device(512, 2048);
    KeptLines lines;
    Console::Buffers buffers(512, device.window_bytes(), device.result_bytes(), EchoDevice::kRawBytes);
    Console(device, lines, Ident("0badcafe"), buffers).overflowed();
    std::cout << to_hex(lines.text) << "\n";
}

void send_bench(std::istringstream& arguments) {
    uint32_t samples = 0;
    arguments >> samples;
    std::vector<uint32_t> cycles(samples, 1234567);
    std::vector<uint32_t> latency_us(samples, 5144);
    Bench bench;
    bench.warmup = 3;
    bench.invocations = samples;
    bench.input_crc32 = 0x0badcafe;
    bench.empty_cycles = 7;
    bench.cycles = {cycles.data(), cycles.size()};
    bench.latency_us = {latency_us.data(), latency_us.size()};
    KeptLines lines;
    ReplySender(Ident("0badcafe"), lines).send(bench, Answers{2, Ident("5eed0001"), 0x600df00d});
    std::cout << to_hex(lines.text) << "\n";
}

// Inputs of 1, 2, 3, … dimensions up to 8, and scalars, in every type.
void send_hello(std::istringstream& arguments) {
    constexpr const char* kTypes[] = {"float32", "int8", "uint8", "int16", "int32", "int64", "bool"};
    constexpr uint32_t kSizes[] = {4, 1, 1, 2, 4, 8, 1};
    constexpr uint32_t kShape[] = {1, 1, 1, 1, 1, 1, 1, 1};
    size_t count = 0;
    arguments >> count;
    std::vector<Tensor> inputs(count);
    for (size_t i = 0; i < count; ++i) {
        const auto zero_point = static_cast<int32_t>(i) - 128;
        inputs[i] = {kTypes[i % 7], {kShape, i % 9}, 0.1f * static_cast<float>(i), zero_point, kSizes[i % 7]};
    }
    EchoDevice device(2048, 8192);
    Hello hello = device.hello();
    hello.inputs = {inputs.data(), inputs.size()};
    KeptLines lines;
    ReplySender(Ident("0badcafe"), lines).send(hello, Answers{2, Ident("5eed0001"), 0x600df00d});
    std::cout << to_hex(lines.text) << "\n";
}

std::string hash(const std::string& bytes) {
    const Sha256 digest = sha256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Encodes and decodes again; what comes back is shown behind the text.
std::string base64_both_ways(const std::string& bytes) {
    std::string text(base64_size(bytes.size()), '\0');
    base64_encode(bytes, text.data());
    std::string back(text.size() / 4 * 3, '\0');
    const auto size = base64_decode(text, back.data());
    return text + " " + (size ? to_hex({back.data(), *size}) : "refused");
}

// In one buffer, as a line writer does it.
std::string cobs_both_ways(const std::string& bytes) {
    const size_t slack = cobs_size(bytes.size()) - bytes.size();
    std::string buffer(slack, 'x');
    buffer += bytes;
    const size_t size = cobs_encode({buffer.data() + slack, bytes.size()}, buffer.data());
    const std::string stuffed = buffer.substr(0, size);
    const auto back = cobs_decode(buffer.data(), size);
    return to_hex(stuffed) + " " + (back ? to_hex({buffer.data(), *back}) : "refused");
}

void carry_out(const std::string& line) {
    std::istringstream arguments(line);
    std::string command;
    arguments >> command;
    if (command == "talk") return talk(arguments);
    if (command == "runner") return run(arguments);
    if (command == "bench") return send_bench(arguments);
    if (command == "hello") return send_hello(arguments);
    if (command == "overflow") return overflow();
    size_t limit = 0;
    if (command == "decode") arguments >> limit;
    std::string hex;
    arguments >> hex;
    const std::string bytes = from_hex(hex);
    if (command == "decode") {
        for (const auto& event : decode(bytes, limit)) std::cout << event << "\n";
    }
    if (command == "sha256") std::cout << hash(bytes) << "\n";
    if (command == "crc32") std::cout << crc32(bytes) << "\n";
    if (command == "cobs") std::cout << cobs_both_ways(bytes) << "\n";
    if (command == "base64") std::cout << base64_both_ways(bytes) << "\n";
}

}  // namespace
}  // namespace tinygate

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        tinygate::carry_out(line);
        std::cout << "end" << std::endl;
    }
}
